import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SpiffeId } from "../../../lib/model/selector.ts";
import { authority, keyFolder } from "../../../runtime/control/identity/index.ts";
import { signedLeaf } from "../../../runtime/control/identity/x509/leaf.ts";
import { newKey } from "../../../runtime/control/identity/x509/request.ts";
import { rootFrom } from "../../../runtime/control/identity/x509/root.ts";
import type { MeshAuthority } from "../../rig/mesh-authority.ts";
import { trustDomain } from "../../rig/workload.ts";
import type { Counter } from "./counters.ts";

/** What a client may show of itself. */
export interface Paper {
  readonly certificate: string;
  readonly key: string;
}

/** What a mesh must refuse, and how Envoy counts that it did. */
export interface BadPaper {
  readonly name: string;
  /** None at all where undefined. */
  readonly paper: Paper | undefined;
  readonly counter: Counter;
}

/** Certificates of one run's mesh, good and bad. */
export interface Papers {
  readonly roots: string;
  readonly good: (identity: SpiffeId) => Promise<Paper>;
  readonly bad: (as: SpiffeId) => Promise<readonly BadPaper[]>;
}

/** Bad ones differ from a good one in one thing each; those of another domain and of another time bear the mesh's own signature. */
export const papers = async (mesh: MeshAuthority): Promise<Papers> => {
  const made = new Map<SpiffeId, Promise<Paper>>();
  const folder = await mkdtemp(join(tmpdir(), "meshwright-foreign-"));
  const foreign = await authority({ store: keyFolder(folder), trustDomain, create: true });
  foreign.close();
  await rm(folder, { recursive: true });

  const good = (identity: SpiffeId): Promise<Paper> => {
    const known = made.get(identity) ?? mesh.authority.issued(identity).then(paperOf);
    made.set(identity, known);
    return known;
  };
  const signedByMesh = async (identity: SpiffeId, lifetimeMs: number): Promise<Paper> => {
    const held = await keyFolder(mesh.folder).read();
    const root = await rootFrom({ certificate: held?.text("ca.crt") ?? "", key: held?.text("ca.key") ?? "" });
    const { publicKey, privateKey } = await newKey();
    const { certificateChain } = await signedLeaf(root, { identity, publicKey, lifetimeMs });
    return { certificate: certificateChain, key: privateKey() };
  };
  const bad = new Map<SpiffeId, Promise<readonly BadPaper[]>>();
  const badOnes = async (as: SpiffeId): Promise<readonly BadPaper[]> => [
    { name: "no certificate", paper: undefined, counter: "fail_verify_no_cert" },
    {
      name: "a foreign authority's certificate",
      paper: paperOf(await foreign.issued(as)),
      counter: "fail_verify_error",
    },
    { name: "an expired certificate", paper: await signedByMesh(as, -30_000), counter: "fail_verify_error" },
    {
      name: "a certificate of another trust domain",
      paper: await signedByMesh(as.replace(`//${trustDomain}/`, "//other.example/"), 3_600_000),
      counter: "fail_verify_san",
    },
  ];
  return {
    roots: mesh.authority.roots(),
    good,
    bad: (as) => {
      const known = bad.get(as) ?? badOnes(as);
      bad.set(as, known);
      return known;
    },
  };
};

const paperOf = ({
  certificateChain,
  privateKey,
}: {
  readonly certificateChain: string;
  readonly privateKey: string;
}): Paper => ({
  certificate: certificateChain,
  key: privateKey,
});
