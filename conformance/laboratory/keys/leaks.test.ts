import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { anyKey, leaks, thisKey } from "./leaks.ts";

const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = pair.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const der = pair.privateKey.export({ format: "der", type: "pkcs8" });

test("a key is found in whatever spelling and surroundings it is printed", () => {
  const bodyOnly = pem.replaceAll(/-----[^-]+-----/g, "");
  const printed: readonly (readonly [string, string])[] = [
    ["PEM", pem],
    ["PEM in JSON", JSON.stringify({ key: pem })],
    ["PEM without its first line", bodyOnly],
    ["hexadecimal", der.toString("hex")],
    ["numbers", JSON.stringify(Buffer.from(der))],
    ...["", "x", "xy", "xyz"].flatMap((before): readonly (readonly [string, string])[] => [
      [`base64 of PEM after ${before.length} bytes`, Buffer.from(`${before}${pem}`).toString("base64")],
      [`base64 of the body after ${before.length} bytes`, Buffer.from(`${before}${bodyOnly}`).toString("base64")],
    ]),
  ];
  for (const [how, text] of printed) expect(leaks(`{"a":"b", "c":"${text}"}`, anyKey), how).not.toEqual([]);
  const { d = "" } = pair.privateKey.export({ format: "jwk" });
  for (const text of [d, Buffer.from(d, "base64url").toString("hex"), pem, der.toString("base64")])
    expect(leaks(text, thisKey(pem))).not.toEqual([]);
});

test("certificates, public keys and what was redacted are no keys", () => {
  const publicKey = pair.publicKey.export({ format: "pem", type: "spki" }).toString();
  const text = `${publicKey} -----BEGIN CERTIFICATE----- "privateKey": {"inlineBytes": "W3JlZGFjdGVkXQ=="}`;
  expect(leaks(text, [...anyKey, ...thisKey(pem)])).toEqual([]);
});
