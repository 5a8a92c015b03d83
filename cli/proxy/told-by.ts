import { mkdtempSync, rmSync } from "node:fs";
import { access } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import type { FollowedControl } from "../../runtime/ads-client/followed-control.ts";
import { identityFiles } from "../../runtime/identity-files.ts";
import { hostAndPort } from "../../runtime/host-and-port.ts";
import type { Log } from "../../runtime/log/log.ts";
import { toldFile } from "../../runtime/proxy/source/told-file.ts";
import type { Workers } from "../../runtime/proxy/workers.ts";
import { nodeId } from "../../targets/xds/node-id.ts";
import type { addressAndPort } from "../arguments.ts";

export interface ToldByOptions {
  readonly control: ReturnType<typeof addressAndPort>;
  /** Where what is told is kept beyond this process; nowhere when undefined. */
  readonly config: string | undefined;
  readonly identity: string | undefined;
  readonly workload: string | undefined;
  readonly instance: number;
  readonly version: string;
  readonly log: Log;
}

/** The file that a proxy's processes follow, and the stream that fills it once they do. */
export interface ToldBy {
  readonly config: string;
  readonly followed: (workers: Pick<Workers, "count" | "status">) => FollowedControl;
}

/** A configuration that comes from a control plane. Rejects in words where nobody could be asked for it. */
export const toldBy = async (options: ToldByOptions): Promise<ToldBy> => {
  const { control, identity, instance, version, log } = options;
  if (identity === undefined)
    throw new Error("--control needs --identity: the control plane tells nobody whom it does not know");
  const workload = await workloadOf(identity, options.workload);
  const config = options.config === undefined ? join(privateFolder(), "proxy.json") : resolve(options.config);
  if (options.config !== undefined && (await isThere(config)))
    log({
      level: "info",
      event: "configuration of before",
      file: config,
      reason: `in force until ${hostAndPort(control)} tells another`,
    });
  const { followedControl } = await import("../../runtime/ads-client/followed-control.ts");
  return {
    config,
    followed: (workers) =>
      followedControl({
        control,
        node: { id: nodeId({ workload, instance }), workload, version },
        identity,
        taking: toldFile(config, workers),
        log,
      }),
  };
};

const workloadOf = async (identity: string, said: string | undefined): Promise<string> => {
  const { workload: joined } = await identityFiles(identity, (files) => files);
  const workload = joined ?? said;
  if (workload === undefined)
    throw new Error(`the identity in ${identity} does not say whose it is: say --workload NAMESPACE/NAME`);
  if (said !== undefined && said !== workload)
    throw new Error(`the identity in ${identity} is ${workload}'s, not ${said}'s`);
  return workload;
};

/** Gone with this process, unless it is killed. */
const privateFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "mesh-proxy-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Which copy of a workload, from 0. */
export const instanceNumber = (text: string): number => {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("write a number from 0");
  return Number(text);
};
