import { isIPv4 } from "node:net";
import { InvalidArgumentError, Option } from "commander";
import { durationIn } from "../runtime/gitops/spec/duration.ts";

/** `127.0.0.1:15012`; the address in brackets where it has colons. */
export const addressAndPort = (text: string): { readonly address: string; readonly port: number } => {
  const found = /^(?:\[([^\]\s]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  const address = found?.[1] ?? found?.[2];
  if (address === undefined || port > 65_535) throw new InvalidArgumentError("write ADDRESS:PORT");
  return { address, port };
};

/** The same where only this machine may ask. */
export const loopbackAddressAndPort = (text: string): ReturnType<typeof addressAndPort> => {
  const found = addressAndPort(text);
  if (found.address !== "::1" && !(isIPv4(found.address) && found.address.startsWith("127.")))
    throw new InvalidArgumentError("write an address that only this machine reaches: 127.0.0.1:PORT or [::1]:PORT");
  return found;
};

/** A port's number; with 0 the system chooses one. */
export const portNumber = (text: string): number => {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("write a number from 0 to 65535");
  return Number(text);
};

/** How many of something: one at least. */
export const count = (text: string): number => {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError("write a number from 1 to 999");
  return Number(text);
};

/** `https://mesh-control.example:15013`. */
export const httpsUrl = (text: string): string => {
  if (!URL.canParse(text) || new URL(text).protocol !== "https:")
    throw new InvalidArgumentError("write https://ADDRESS:PORT");
  return text;
};

const longestTokenLife = 7 * 86_400_000;

/** `90s`, `10m`, `24h` in milliseconds. */
export const milliseconds = (text: string): number => {
  const found = durationIn(text);
  if (found === undefined) throw new InvalidArgumentError("write a number and ms, s, m, h or d");
  return found;
};

/** How long certificates live. In less than a second nobody could use one, and whoever renews it would do nothing else. */
export const lifetime = (text: string): number => {
  const found = milliseconds(text);
  if (found < 1000) throw new InvalidArgumentError("write at least 1s");
  return found;
};

/** How long a token is good. */
export const tokenLife = (text: string): number => {
  const found = milliseconds(text);
  if (found === 0 || found > longestTokenLife) throw new InvalidArgumentError("write more than nothing and at most 7d");
  return found;
};

/** `namespace/name`. */
export const workloadId = (text: string): string => {
  if (!/^[^/\s]+\/[^/\s]+$/.test(text)) throw new InvalidArgumentError("write NAMESPACE/NAME");
  return text;
};

export const meshOption = (): Option =>
  new Option("--mesh <folder>", "the mesh folder, where mesh.config.ts is").default(".");

export const stateOption = (): Option =>
  new Option(
    "--state <folder>",
    "where roots and tokens are kept, outside of the mesh folder (default: below ~/.local/state/meshwright)",
  );

export const rootsSecretOption = (): Option =>
  new Option(
    "--roots-secret <namespace/name>",
    "keep the roots in this secret of the cluster that this runs in, not in the state folder",
  ).argParser(workloadId);
