/** The child process of `grpc-client.ts`: calls `xds:///echo` again and again and says what came. */
import { Client, credentials } from "@grpc/grpc-js";
import { register } from "@grpc/grpc-js-xds";

const echoPath = "/meshwright.Echo/Echo";

export interface FromDialler {
  readonly answer?: string;
  readonly error?: string;
}
export type ToDialler = "stop";

const called = (client: Client): Promise<FromDialler> =>
  new Promise((resolve) => {
    client.makeUnaryRequest(
      echoPath,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.from("hello"),
      { deadline: Date.now() + 15_000 },
      (error, answer) => resolve(error ? { error: error.message } : { answer: String(answer) }),
    );
  });

register();
const client = new Client("xds:///echo", credentials.createInsecure());
const over = new AbortController();
process.on("message", () => over.abort());
const loop = async (): Promise<void> => {
  while (!over.signal.aborted) {
    process.send?.(await called(client));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  process.exit(0);
};
void loop();
