/** RFC 7468's textual encoding of DER, with a newline at the end. */
export const pem = (
  label: "CERTIFICATE" | "PRIVATE KEY" | "CERTIFICATE REQUEST",
  der: ArrayBuffer | Uint8Array,
): string => {
  const body = Buffer.from(der as Uint8Array).toString("base64");
  return `-----BEGIN ${label}-----\n${body.match(/.{1,64}/g)?.join("\n") ?? ""}\n-----END ${label}-----\n`;
};

const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Each certificate of a bundle as PEM of its own. */
export const certificatesIn = (bundle: string): readonly string[] =>
  (bundle.match(block) ?? []).map((one) => `${one}\n`);
