import { refused, type Refused } from "../refused.ts";
import { newRoot, rootCertificate, rootFrom, fingerprintOf, type Root } from "../x509/root.ts";
import type { Stored } from "./store.ts";

/**
 * Where a rotation stands: `steady`, one root; `added`, a new one is trusted while the old one signs; `switched`, the new one
 * signs while the old one is still trusted.
 */
export type Phase = "steady" | "added" | "switched";

/** The roots as they are stored. */
export interface Ring {
  readonly phase: Phase;
  /** Since when, in milliseconds since 1970; 0 where no rotation ever was. */
  readonly since: number;
  readonly signing: Root;
  /** The trust bundle: the signing root's PEM first. */
  readonly roots: string;
  readonly version: string;
}

type Files = ReadonlyMap<string, string>;

/** A first root of our own. */
export const firstRing = async (trustDomain: string): Promise<Files> => {
  const { certificate, key } = await newRoot(trustDomain);
  return new Map([
    ["ca.crt", certificate],
    ["ca.key", key],
  ]);
};

/** Undefined where there is no root yet; throws in words where what is there cannot be one. */
export const ringFrom = async (held: Stored | undefined): Promise<Ring | undefined> => {
  // cert-manager calls the pair of an authority `tls`.
  const pair = ["ca", "tls"].find(
    (name) => held?.text(`${name}.crt`) !== undefined && held.text(`${name}.key`) !== undefined,
  );
  if (held === undefined) return undefined;
  if (pair === undefined) {
    if (held.names.some((name) => name.endsWith(".crt") || name.endsWith(".key")))
      throw new Error("there is a certificate or a key, but not both `ca.crt` and `ca.key`");
    return undefined;
  }
  const signing = await rootFrom({ certificate: held.text(`${pair}.crt`) ?? "", key: held.text(`${pair}.key`) ?? "" });
  const { phase, since } = rotation(held.text("rotation.json"));
  const other = phase === "added" ? held.text("next.crt") : phase === "switched" ? held.text("old.crt") : undefined;
  if (phase !== "steady" && other === undefined)
    throw new Error(`a rotation is at \`${phase}\`, but its other root is missing`);
  const trusted =
    other === undefined
      ? []
      : [rootCertificate(other)].filter(({ read }) => fingerprintOf(read) !== signing.fingerprint);
  return {
    phase,
    since,
    signing,
    roots: [signing.certificate, ...trusted.map(({ text }) => text)].join(""),
    version: held.version,
  };
};

const rotation = (text: string | undefined): { readonly phase: Phase; readonly since: number } => {
  if (text === undefined) return { phase: "steady", since: 0 };
  try {
    const { phase, since } = JSON.parse(text) as { readonly phase?: unknown; readonly since?: unknown };
    if ((phase === "steady" || phase === "added" || phase === "switched") && typeof since === "number")
      return { phase, since };
  } catch {
    // Said below.
  }
  throw new Error("`rotation.json` does not say where the rotation stands");
};

/** The steps in the order in which they must be taken; each goes from one phase to the next. */
export const steps = { add: "steady", switch: "added", retire: "switched" } as const satisfies Record<string, Phase>;
export type Step = keyof typeof steps;

/** What is stored after a step, or why it cannot be the next one. */
export const stepped = async (step: Step, held: Stored, trustDomain: string): Promise<Files | Refused> => {
  const ring = await ringFrom(held);
  if (ring === undefined) return refused("there is no root to rotate");
  if (ring.phase !== steps[step])
    return refused(`\`${step}\` follows on \`${steps[step]}\`, but the rotation is at \`${ring.phase}\``);
  const text = (...names: readonly string[]): string =>
    names.map((name) => held.text(name)).find((one) => one !== undefined) ?? "";
  const said = (phase: Phase): readonly [string, string] => [
    "rotation.json",
    `${JSON.stringify({ phase, since: Date.now() })}\n`,
  ];
  const [certificate, key] = [text("ca.crt", "tls.crt"), text("ca.key", "tls.key")];
  if (step === "add") {
    const next = await newRoot(trustDomain);
    return new Map([
      ["ca.crt", certificate],
      ["ca.key", key],
      ["next.crt", next.certificate],
      ["next.key", next.key],
      said("added"),
    ]);
  }
  // The old key goes at once: nothing may be signed with it any more.
  if (step === "switch")
    return new Map([
      ["ca.crt", text("next.crt")],
      ["ca.key", text("next.key")],
      ["old.crt", certificate],
      said("switched"),
    ]);
  return new Map([["ca.crt", certificate], ["ca.key", key], said("steady")]);
};
