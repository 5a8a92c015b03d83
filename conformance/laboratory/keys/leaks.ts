import { createPrivateKey } from "node:crypto";

/** A spelling in which key material would be seen, and what it is. */
export interface Needle {
  readonly name: string;
  readonly text: string;
}

/** Every spelling of bytes as base64 whatever stands before them, less the characters at both ends that neighbours change. */
const base64Anywhere = (bytes: Buffer): readonly string[] =>
  [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replaceAll("=", "");
    return text.slice(shift === 0 ? 0 : shift + 1, -2);
  });

/** How every P-256 key begins as PKCS#8 (RFC 5208, RFC 5915): keys that nobody here has seen are found by it. */
const pkcs8Head = Buffer.from("308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420", "hex");
const marker = Buffer.from("PRIVATE KEY-----");

const spellings = (name: string, bytes: Buffer): readonly Needle[] => [
  { name: `${name} as base64`, text: bytes.toString("base64url").slice(0, -1) },
  ...base64Anywhere(bytes).map((text) => ({ name: `${name} as base64`, text })),
  { name: `${name} as hexadecimal`, text: bytes.toString("hex") },
  { name: `${name} as numbers`, text: [...bytes].join(",") },
];

/** What no private key can be printed without. */
export const anyKey: readonly Needle[] = [
  { name: "a PEM private key", text: marker.toString() },
  ...spellings("a PEM private key", marker),
  ...spellings("a PKCS#8 key", pkcs8Head),
  // PEM that was encoded once more.
  ...base64Anywhere(Buffer.from(pkcs8Head.toString("base64").slice(0, 46))).map((text) => ({
    name: "a PKCS#8 key as base64 of PEM",
    text,
  })),
];

/** What this key, PEM, cannot be printed without, even without its surroundings. */
export const thisKey = (pem: string): readonly Needle[] => {
  const { d = "" } = createPrivateKey(pem).export({ format: "jwk" });
  return spellings("the private number of a key", Buffer.from(d, "base64url"));
};

/** What of the needles stands in a text; spaces and line ends do not hide it. */
export const leaks = (text: string, needles: readonly Needle[]): readonly string[] => {
  const dense = text.replaceAll(/\s+|\\n/g, "");
  return [
    ...new Set(
      needles.flatMap(({ name, text: needle }) =>
        text.includes(needle) || dense.includes(needle.replaceAll(" ", "")) ? [name] : [],
      ),
    ),
  ];
};
