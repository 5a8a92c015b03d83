import type { Address, ConfigSource } from "../messages.ts";
import type { Delivery } from "./surroundings.ts";

/** A duration as protobuf's JSON writes it. */
export const duration = (milliseconds: number): string => `${milliseconds / 1000}s`;

export const socketAddress = (address: string, port: number): Address => ({
  socketAddress: { address, portValue: port },
});

/** This machine, for nobody else to reach. */
export const loopbackAddress = "127.0.0.1";

/** A file for a resource's name: every name is one file in the folder of its type, whatever characters it has. */
export const fileOf = (folder: string, name: string): string =>
  `${folder}/${name.replace(/[^A-Za-z0-9._-]/g, (character) => `_${character.charCodeAt(0).toString(16)}_`)}.json`;

/** Where a resource that another one names comes from. Without a time limit: half a configuration is worse than a wait. */
export const configSource = (delivery: Delivery, folder: string, name: string): ConfigSource => ({
  ...(delivery === "ads" ? { ads: {} } : { pathConfigSource: { path: `./${fileOf(folder, name)}` } }),
  resourceApiVersion: "V3",
  initialFetchTimeout: "0s",
});
