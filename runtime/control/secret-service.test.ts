import { Client, credentials, type ClientDuplexStream } from "@grpc/grpc-js";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, onTestFinished, test } from "vitest";
import {
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from "../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import { decoded } from "../../targets/xds/proto/codec.ts";
import { typeUrls } from "../../targets/xds/resource.ts";
import { ratings, reviews, testAuthority } from "./identity/fixture.ts";
import { identities, rootsSecret, type Authority } from "./identity/index.ts";
import { secretService } from "./secret-service.ts";

const running = async (authority: Authority) => {
  const held = identities({ authority });
  onTestFinished(held.close);
  const service = await secretService({
    authority,
    identities: held,
    listen: { address: "127.0.0.1", port: 0 },
    names: ["localhost"],
    extraSecrets: [rootsSecret(authority.roots(), "file-root:system")],
    log: () => undefined,
  });
  onTestFinished(() => service.close(0));
  return service;
};

const secretsPath = "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets";
const adsPath = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

/** The secrets that a client with this certificate is sent, by name; rejects with the server's refusal. */
const secretsOf = async (
  port: number,
  trusted: Authority,
  identity: string | undefined,
  names: readonly string[],
  { path = secretsPath, issuer = trusted } = {},
): Promise<ReadonlyMap<string, unknown>> => {
  const own = identity === undefined ? undefined : await issuer.issued(identity);
  const client = new Client(
    `localhost:${port}`,
    credentials.createSsl(
      Buffer.from(trusted.roots()),
      own ? Buffer.from(own.privateKey) : null,
      own ? Buffer.from(own.certificateChain) : null,
    ),
  );
  const bytes = (buffer: Buffer): Buffer => buffer;
  const stream: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(path, bytes, bytes);
  const found = new Promise<ReadonlyMap<string, unknown>>((resolve, reject) => {
    stream.on("error", reject);
    stream.on("data", (response: Buffer) =>
      resolve(
        new Map(
          fromBinary(DiscoveryResponseSchema, response).resources.map(({ value }) => {
            const secret = decoded("secret", value) as { readonly name: string };
            return [secret.name, secret];
          }),
        ),
      ),
    );
  });
  const request = { typeUrl: typeUrls.secret, resourceNames: [...names], node: { id: "some node" } };
  stream.write(Buffer.from(toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, request))));
  return found.finally(() => {
    stream.cancel();
    client.close();
  });
};

test("whoever proves an identity gets the secrets of that one, whatever it calls itself", async () => {
  const authority = await testAuthority();
  const { port } = await running(authority);
  for (const identity of [reviews, ratings]) {
    const secrets = await secretsOf(port, authority, identity, ["default", "ROOTCA", "file-root:system", "other"]);
    expect([...secrets.keys()].sort()).toEqual(["ROOTCA", "default", "file-root:system"]);
    const own = secrets.get("default") as {
      readonly tlsCertificate: { readonly certificateChain: { readonly inlineBytes: string } };
    };
    const chain = Buffer.from(own.tlsCertificate.certificateChain.inlineBytes, "base64").toString();
    const der = Buffer.from(chain.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
    expect(authority.verified(der)).toBe(identity);
  }
});

test("whoever proves none, or one of another authority, gets nothing", async () => {
  const authority = await testAuthority();
  const { port, ads } = await running(authority);
  await expect(secretsOf(port, authority, undefined, ["default"])).rejects.toThrow("UNAVAILABLE");
  const issuer = await testAuthority();
  await expect(secretsOf(port, authority, reviews, ["default"], { issuer })).rejects.toThrow("UNAVAILABLE");
  expect(ads.metrics().opened).toBe(0);
  expect((await secretsOf(port, authority, reviews, ["default"])).size).toBe(1);
});

test("nothing but secrets is served", async () => {
  const authority = await testAuthority();
  const { port } = await running(authority);
  await expect(secretsOf(port, authority, reviews, [], { path: adsPath })).rejects.toThrow("UNIMPLEMENTED");
});
