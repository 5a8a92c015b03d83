import { timerDelay } from "../../timer-delay.ts";
import { controlIdentity } from "../../../../targets/xds/identity-names.ts";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { request as httpsRequest } from "node:https";
import { checkServerIdentity } from "node:tls";
import type { SpiffeId } from "../../../../lib/model/selector.ts";
import { reasonOf, silent, type Log } from "../../../log/log.ts";
import { refused, type Refused } from "../refused.ts";
import { spiffeParts } from "../spiffe-id.ts";
import { newRequest } from "../x509/request.ts";
import { verifiedIdentity } from "../x509/verified.ts";
import { heldIdentity, identityIn, writtenIdentity, type HeldIdentity } from "./files.ts";

export interface JoinOptions {
  /** `https://mesh-control.example:9443` */
  readonly server: string;
  /** PEM of the roots to pin: no other is believed, the system's included. */
  readonly roots: string;
  readonly workload: string;
  readonly token?: string;
  readonly kubernetesToken?: string;
  /** Where the identity is written. */
  readonly folder: string;
}

export interface Joined {
  readonly kind: "joined";
  readonly identity: SpiffeId;
  readonly expiresAt: number;
  readonly renewAt: number;
}

interface Asked {
  readonly server: string;
  readonly path: "/v1/join" | "/v1/renew";
  readonly roots: string;
  readonly trustDomain: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  readonly certificate?: string;
  readonly key?: string;
  readonly timeoutMs?: number;
}

/** Makes a key that stays here, has it certified, and writes both with the roots to the folder. The reason is in words. */
export const joined = async ({
  server,
  roots,
  workload,
  token,
  kubernetesToken,
  folder,
}: JoinOptions): Promise<Joined | Refused> => {
  const made = await newRequest();
  const body = {
    csr: made.request,
    workload,
    ...(token === undefined ? {} : { token }),
    ...(kubernetesToken === undefined ? {} : { kubernetesToken }),
  };
  return answered(
    { server, path: "/v1/join", roots, trustDomain: undefined, body },
    { workload, privateKey: () => made.privateKey },
    folder,
  );
};

/** Renews the identity in a folder now, with a new key; it must not have expired. */
export const renewed = async ({
  server,
  folder,
}: {
  readonly server: string;
  readonly folder: string;
}): Promise<Joined | Refused> => {
  const held = await heldIdentity(folder);
  const made = await newRequest();
  const trustDomain = spiffeParts(identityIn(held.certificateChain))?.trustDomain;
  if (trustDomain === undefined) return refused("the certificate in the folder names no identity");
  const [certificate, key] = [held.certificateChain, held.privateKey()];
  return answered(
    { server, path: "/v1/renew", roots: held.roots, trustDomain, body: { csr: made.request }, certificate, key },
    { workload: held.workload, privateKey: () => made.privateKey },
    folder,
  );
};

export interface KeptOptions {
  readonly server: string;
  readonly folder: string;
  /** Gets an identity where the one in the folder has expired; without it, it is waited for somebody who joins into the folder. */
  readonly again?: () => Promise<Joined | Refused>;
  /** The first wait after a failure; it doubles up to `longestRetryMs`. */
  readonly retryMs?: number;
  readonly longestRetryMs?: number;
  readonly log?: Log;
}

/**
 * Renews the identity in a folder at half its life, until stopped; a server that is gone is asked again, ever less often. An
 * identity that has expired cannot be renewed by anybody: that is said once.
 */
export const kept = ({
  server,
  folder,
  again,
  retryMs = 1000,
  longestRetryMs = 300_000,
  log = silent,
}: KeptOptions): { readonly stop: () => void } => {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let failures = 0;
  let saidExpired = false;
  const after = (delay: number, what: () => Promise<void>): void => {
    if (stopped) return;
    // This is what a client's process is for: unlike a cache's, its timer keeps it alive.
    timer = setTimeout(() => void what(), timerDelay(delay));
  };
  const waiting = async (): Promise<void> => {
    try {
      const { renewAt } = await heldIdentity(folder);
      // Early by up to a tenth: machines that joined together part.
      const left = Math.max(0, renewAt - Date.now());
      after(Math.max(left * (0.9 + Math.random() * 0.1), 100), renewing);
    } catch (error) {
      failed(reasonOf(error));
    }
  };
  const renewing = async (): Promise<void> => {
    const held = await heldIdentity(folder).catch(() => undefined);
    if (held !== undefined && held.expiresAt <= Date.now()) return expired(held.expiresAt);
    // Somebody joined into the folder.
    if (saidExpired && held !== undefined) return got("identity found", identityIn(held.certificateChain), held);
    const found = await renewed({ server, folder }).catch((error: unknown) => refused(reasonOf(error)));
    if (found.kind === "refused") return failed(found.reason);
    return got("identity renewed", found.identity, found);
  };
  const got = (event: string, identity: SpiffeId, { expiresAt }: Pick<Joined, "expiresAt">): Promise<void> => {
    failures = 0;
    saidExpired = false;
    log({ level: "info", event, identity, expiresAt: new Date(expiresAt).toISOString() });
    return waiting();
  };
  const expired = async (expiresAt: number): Promise<void> => {
    if (!saidExpired) {
      saidExpired = true;
      // What it was refused before says nothing of how a join will go.
      failures = 0;
      const at = `the identity expired at ${new Date(expiresAt).toISOString()}`;
      const reason = again
        ? `${at}; joining again`
        : `${at} and cannot be renewed any more: join again, with a new token`;
      log({ level: "error", event: "identity expired", reason });
    }
    if (again === undefined) return later();
    const found = await again().catch((error: unknown) => refused(reasonOf(error)));
    if (found.kind === "refused") return failed(found.reason);
    return got("joined again", found.identity, found);
  };
  const failed = (reason: string): void => {
    log({ level: "error", event: "identity not renewed", reason, failures: failures + 1 });
    later();
  };
  const later = (): void => {
    failures += 1;
    after(Math.min(retryMs * 2 ** Math.min(failures - 1, 20), longestRetryMs) * (0.5 + Math.random() / 2), renewing);
  };
  void waiting();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
};

const answered = async (
  asked: Asked,
  { workload, privateKey }: Pick<HeldIdentity, "workload" | "privateKey">,
  folder: string,
): Promise<Joined | Refused> => {
  let answer: { readonly status: number; readonly fields: Readonly<Record<string, unknown>> };
  try {
    answer = await posted(asked);
  } catch (error) {
    return refused(`${asked.server} cannot be asked: ${reasonOf(error)}`);
  }
  const { certificateChain, roots, error } = answer.fields;
  if (answer.status !== 200)
    return refused(
      `the server answered ${answer.status}: ${typeof error === "string" ? error.slice(0, 200) : "without a reason"}`,
    );
  if (typeof certificateChain !== "string" || typeof roots !== "string")
    return refused("the server's answer is not a certificate");
  const certificate = new X509Certificate(certificateChain);
  // A server that mixes two clients up must not leave a machine with a certificate that its key does not fit.
  const identity = verifiedIdentity(certificate.raw, { roots, trustDomain: asked.trustDomain });
  if (typeof identity !== "string") return refused(`the server's answer cannot be used: ${identity.reason}`);
  if (!certificate.checkPrivateKey(createPrivateKey(privateKey())))
    return refused("the server's certificate is for another key");
  try {
    await writtenIdentity(folder, { certificateChain, roots, workload, privateKey });
  } catch (error) {
    return refused(`the identity cannot be written to ${folder}: ${reasonOf(error)}`);
  }
  const { expiresAt, renewAt } = await heldIdentity(folder);
  return { kind: "joined", identity, expiresAt, renewAt };
};

const longestAnswer = 262_144;

/** Rejects in words where the server is not mesh-control by the pinned roots, does not answer in time, or answers too much. */
const posted = ({ server, path, roots, trustDomain, body, certificate, key, timeoutMs = 15_000 }: Asked) =>
  new Promise<{ readonly status: number; readonly fields: Readonly<Record<string, unknown>> }>((resolve, reject) => {
    const text = JSON.stringify(body);
    const request = httpsRequest(
      new URL(path, server),
      {
        method: "POST",
        agent: false,
        ca: roots,
        minVersion: "TLSv1.3",
        ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }),
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
        // A workload's certificate is signed by the same roots, and may carry any name: the identity tells them apart.
        checkServerIdentity: (host, peer) =>
          notMeshControl(peer.raw, roots, trustDomain) ?? checkServerIdentity(host, peer),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        response.on("data", (chunk: Buffer) => {
          length += chunk.length;
          if (length > longestAnswer) request.destroy(new Error("the answer is too long"));
          else chunks.push(chunk);
        });
        response.on("error", failed);
        response.on("end", () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, fields: fieldsOf(Buffer.concat(chunks).toString()) });
        });
      },
    );
    const failed = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    request.on("error", failed);
    request.end(text);
  });

const notMeshControl = (der: Uint8Array, roots: string, trustDomain: string | undefined): Error | undefined => {
  const identity = verifiedIdentity(der, { roots, trustDomain, as: "server" });
  if (typeof identity !== "string") return new Error(identity.reason);
  return identity === controlIdentity(spiffeParts(identity)?.trustDomain ?? "")
    ? undefined
    : new Error(`the server is ${identity}, not mesh-control`);
};

const fieldsOf = (text: string): Readonly<Record<string, unknown>> => {
  try {
    return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
};
