/** Who must not be let in, and what they learn by trying. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { authority, keyFolder } from "../../../runtime/control/identity/index.ts";
import { signedLeaf } from "../../../runtime/control/identity/x509/leaf.ts";
import { newKey } from "../../../runtime/control/identity/x509/request.ts";
import { rootFrom } from "../../../runtime/control/identity/x509/root.ts";
import { typeUrls } from "../../../targets/xds/resource.ts";
import { trustDomain } from "../../rig/workload.ts";
import { identityOf, idOf } from "../scale/mesh.ts";
import type { End, Shown } from "./dialled.ts";
import type { Scene } from "./scene.ts";

const permissionDenied = 7;
const invalidArgument = 3;

export const hostileAdmission = async (scene: Scene): Promise<void> => {
  const { control, held, dial, shown } = scene;
  const tried = async (as: Shown | undefined, node: string): Promise<End> => {
    const connection = dial(as);
    const stream = connection.opened();
    stream.say({ node: { id: node }, typeUrl: typeUrls.cluster });
    const end = await Promise.race([
      stream.end,
      stream.next().then(() => ({ status: 0, message: "it was served" })),
    ]).catch(() => stream.end);
    connection.cut();
    return end;
  };
  const brokenOff = async (as: Shown | undefined): Promise<string | undefined> => {
    const { status, message } = await tried(as, `${idOf(1)}/0`);
    return status === -1 ? undefined : `${status} ${message}`;
  };

  await held("no client certificate", () => brokenOff(undefined), /handshake failed.*no client certificate/);
  const folder = mkdtempSync(join(tmpdir(), "meshwright-foreign-"));
  try {
    const foreign = await authority({ store: keyFolder(join(folder, "keys")), trustDomain, create: true });
    const { certificateChain, privateKey } = await foreign.issued(identityOf(1));
    await held(
      "a certificate of a foreign root for an identity of ours",
      () => brokenOff({ certificateChain, privateKey }),
      /handshake failed.*not good/,
    );
    foreign.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await held(
    "a certificate that has expired",
    async () => {
      const issued = await control.authority.issued(identityOf(1), { lifetimeMs: 1 });
      await sleep(2100);
      return brokenOff({ certificateChain: issued.certificateChain, privateKey: issued.privateKey });
    },
    /handshake failed.*CERT_HAS_EXPIRED/,
  );

  const refused = async (as: Shown, node: string): Promise<string | undefined> => {
    const { status, message } = await tried(as, node);
    if (status !== permissionDenied) return `${status} ${message}`;
    // What was asked for comes back, cut to what a header holds; nothing else that the mesh knows may.
    const known = [...message.matchAll(/team-\d+\/svc\d+|sa\/svc\d+/g)].map(([name]) => name);
    const strange = known.filter((name) => !node.startsWith(name) && name !== "sa/svc00001");
    return strange.length > 0 ? `it learned of ${strange.join()}` : undefined;
  };
  await held(
    "a certificate of our root for another trust domain",
    async () => {
      const keys = await keyFolder(join(control.folder, "authority")).read();
      const root = await rootFrom({ certificate: keys?.text("ca.crt") ?? "", key: keys?.text("ca.key") ?? "" });
      const { publicKey, privateKey } = await newKey();
      const identity = identityOf(1).replace(trustDomain, "elsewhere.example");
      const leaf = await signedLeaf(root, { identity, publicKey, lifetimeMs: 60_000 });
      return refused({ certificateChain: leaf.certificateChain, privateKey: privateKey() }, `${idOf(1)}/0`);
    },
    /stream ended.*trust domain/,
  );
  const own = await shown(1);
  await held("another's node id", () => refused(own, `${idOf(2)}/0`), /stream ended.*runs no proxy of/);
  await held("mesh-control's own certificate", async () => {
    const { certificateChain, privateKey } = await control.authority.server(["127.0.0.1"]);
    return refused({ certificateChain, privateKey }, `${idOf(2)}/0`);
  });
  await held("what exists and what does not are refused alike", async () => {
    const [known, unknown] = [await tried(own, `${idOf(2)}/0`), await tried(own, "team-000/nobody/0")];
    return known.message.replace(idOf(2), "") === unknown.message.replace("team-000/nobody", "")
      ? undefined
      : `${known.message} | ${unknown.message}`;
  });
  await held(
    "node ids that are none",
    async () => {
      for (const id of ["", "/", "a/b", "a/b/c/d", "//0", `${idOf(1)}/`, `\0/\n/\r`, "ä/ö/ü"]) {
        const wrong = await refused(own, id);
        if (wrong !== undefined) return `${JSON.stringify(id)}: ${wrong}`;
      }
      return undefined;
    },
    /stream ended.*node id is not/,
  );
  await held(
    "node ids that are too long to be looked at",
    async () => {
      for (const id of [`${"x".repeat(1 << 20)}/a/0`, `${idOf(1)}/${"9".repeat(5000)}`]) {
        const { status, message } = await tried(own, id);
        if (status !== invalidArgument) return `${id.slice(0, 20)}…: ${status} ${message}`;
      }
      return undefined;
    },
    /stream ended.*no discovery request/,
  );
};
