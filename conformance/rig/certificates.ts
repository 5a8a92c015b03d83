import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Certificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority made for one run; nothing outside the run trusts it. */
export interface Authority {
  readonly certificateFile: string;
  readonly certificate: string;
  /** A leaf for these names, each as OpenSSL writes it: `DNS:a.example`, `IP:127.0.0.1`. */
  readonly issued: (name: string, alternativeNames: readonly string[]) => Promise<Certificate>;
}

const elliptic = [
  "-newkey",
  "ec",
  "-pkeyopt",
  "ec_paramgen_curve:prime256v1",
  "-nodes",
  "-batch",
  "-sha256",
  "-days",
  "30",
];

export const authority = async (directory: string, name: string): Promise<Authority> => {
  const [certificateFile, keyFile] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  await run("openssl", [
    "req",
    "-x509",
    ...elliptic,
    "-keyout",
    keyFile,
    "-out",
    certificateFile,
    "-subj",
    `/O=Meshwright rig/CN=${name}`,
    "-addext",
    "basicConstraints=critical,CA:TRUE",
    "-addext",
    "keyUsage=critical,keyCertSign,cRLSign",
  ]);
  return {
    certificateFile,
    certificate: await readFile(certificateFile, "utf8"),
    async issued(leaf, alternativeNames) {
      const files = { certificateFile: join(directory, `${leaf}.crt`), keyFile: join(directory, `${leaf}.key`) };
      await run("openssl", [
        "req",
        "-x509",
        ...elliptic,
        "-CA",
        certificateFile,
        "-CAkey",
        keyFile,
        "-keyout",
        files.keyFile,
        "-out",
        files.certificateFile,
        "-subj",
        `/O=Meshwright rig`,
        "-addext",
        `subjectAltName=${alternativeNames.join(",")}`,
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-addext",
        "keyUsage=critical,digitalSignature",
        "-addext",
        "extendedKeyUsage=serverAuth,clientAuth",
      ]);
      return {
        ...files,
        certificate: await readFile(files.certificateFile, "utf8"),
        key: await readFile(files.keyFile, "utf8"),
      };
    },
  };
};
