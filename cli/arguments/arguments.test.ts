import { expect, test } from "vitest";
import {
  addressAndPort,
  httpsUrl,
  lifetime,
  loopbackAddressAndPort,
  milliseconds,
  portNumber,
  tokenLife,
  workloadId,
} from "../arguments.ts";

test.each([
  [
    addressAndPort,
    ["127.0.0.1:0", "[::1]:15012", "mesh.example:65535"],
    ["", ":1", "::1:1", "a b:1", "a:65536", "a:b"],
  ],
  [
    loopbackAddressAndPort,
    ["127.0.0.1:0", "127.1.2.3:80", "[::1]:15012"],
    ["0.0.0.0:80", "[::]:80", "localhost:80", "127.evil.example:80", "10.0.0.1:80"],
  ],
  [httpsUrl, ["https://mesh.example:15013", "https://[::1]:1"], ["", "mesh.example:1", "http://a", "https://a:65536"]],
  [portNumber, ["0", "19000", "65535"], ["", "abc", "-1", "1.5", "0x1", "65536", "1e3"]],
  [milliseconds, ["0s", "1.5h", "90ms"], ["", "5", "-1s", "1w", "abc"]],
  // A control plane whose certificates have no life does nothing but renew them.
  [lifetime, ["1s", "30d"], ["0s", "999ms", "abc"]],
  [tokenLife, ["1ms", "7d"], ["0s", "8d", "abc"]],
  [workloadId, ["shop/reviews"], ["", "reviews", "a/b/c", "a /b"]],
] as const)("%o takes what it can mean, and says of the rest what to write", (argument, right, wrong) => {
  for (const text of right) expect(() => argument(text)).not.toThrow();
  for (const text of wrong) expect(() => argument(text), text).toThrow(/^write /);
});
