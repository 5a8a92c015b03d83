import { hostname } from "node:os";

/** Which of several programs this is, for people: the pod's name. A host's network lends a pod its node's. */
export const instance = (): string => process.env["POD_NAME"] ?? hostname();
