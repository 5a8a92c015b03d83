import { InvalidArgumentError, Option } from "commander";

/** `127.0.0.1:15012`; the address in brackets where it has colons. */
export const addressAndPort = (text: string): { readonly address: string; readonly port: number } => {
  const found = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  const address = found?.[1] ?? found?.[2];
  if (address === undefined || port > 65_535) throw new InvalidArgumentError("write ADDRESS:PORT");
  return { address, port };
};

/** As it was written: `127.0.0.1:15012`. */
export const shownAddress = ({ address, port }: ReturnType<typeof addressAndPort>): string =>
  `${address.includes(":") ? `[${address}]` : address}:${port}`;

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `10m`, `24h` in milliseconds. */
export const milliseconds = (text: string): number => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (amount === undefined) throw new InvalidArgumentError("write a number and ms, s, m, h or d");
  return Number(amount) * units[unit as keyof typeof units];
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
