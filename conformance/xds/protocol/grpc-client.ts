/** gRPC's own discovery client: it asks for one listener, then for what that leads to, a name at a time. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import { eventually } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import { control } from "./control.ts";
import type { FromDialler, ToDialler } from "./dialler.ts";
import { apiListener, cluster, endpoints, routes, view } from "./scene.ts";

const echoPath = "/meshwright.Echo/Echo";

const definition: ServiceDefinition = {
  echo: {
    path: echoPath,
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  },
};

const echo = async (name: string) => {
  const server = new Server();
  server.addService(definition, {
    echo: (_: unknown, answer: (error: null, bytes: Buffer) => void) => answer(null, Buffer.from(name)),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
  return { port, stop: () => server.forceShutdown() };
};

/** `xds:///echo` through the server, moved from one backend to another and back under calls. */
export const grpcClient = async (verdicts: Verdicts): Promise<void> => {
  const what = "grpc-client: calls follow the view";
  const [a, b] = await Promise.all([echo("a"), echo("b")]);
  const shown = (name: string, port: number) =>
    view({
      listener: [apiListener("echo", "routes")],
      routes: [routes("routes", name)],
      cluster: [cluster(name)],
      endpoints: [endpoints(name, port)],
    });
  const server = await control(shown("to-a", a.port));
  // In a process of its own: the bootstrap comes from the environment, and is read once.
  const dialler = fork(new URL("dialler.ts", import.meta.url), {
    env: {
      ...process.env,
      GRPC_XDS_BOOTSTRAP_CONFIG: JSON.stringify({
        xds_servers: [{ server_uri: `127.0.0.1:${server.port}`, channel_creds: [{ type: "insecure" }] }],
        node: { id: "grpc-under-test", cluster: "conformance", locality: {} },
      }),
    },
  });
  try {
    const answers: FromDialler[] = [];
    dialler.on("message", (message: FromDialler) => void answers.push(message));
    const seen = (name: string) =>
      eventually(`grpc-client: an answer of ${name}`, () => (answers.at(-1)?.answer === name ? true : undefined), {
        timeoutMs: 20_000,
      });
    await seen("a");
    for (let round = 0; round < 5; round += 1) {
      server.shows(shown("to-b", b.port));
      await seen("b");
      server.shows(shown("to-a", a.port));
      await seen("a");
    }
    await eventually("grpc-client: all acknowledged", () => server.ads.clients()[0]?.synced || undefined, {
      timeoutMs: 10_000,
    });
    dialler.send("stop" satisfies ToDialler);
    await once(dialler, "exit");
    const failed = answers.filter(({ error }) => error !== undefined);
    const refused = server.refusals[0]?.message;
    if (failed.length > 0) verdicts.fail(what, `${failed.length} of ${answers.length} calls: ${failed[0]?.error}`);
    else if (refused !== undefined) verdicts.fail(what, refused);
    else verdicts.pass(`${what}: ${answers.length} calls`);
  } catch (error) {
    verdicts.fail(what, error instanceof Error ? error.message : String(error));
  } finally {
    dialler.kill("SIGKILL");
    server.killed();
    a.stop();
    b.stop();
  }
};
