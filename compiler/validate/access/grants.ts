import type { Grant, ServicePolicy } from "../../../lib/intent/index.ts";
import { callersOf, isNamedAlone, type NamedCaller } from "../../lower/callers.ts";

type Path = readonly (string | number)[];

/** Every grant and refusal of a policy, with its path in the policy's intent. */
export const grants = ({ allow, deny }: ServicePolicy): readonly { readonly grant: Grant; readonly path: Path }[] => [
  ...(deny ?? []).map((grant, index) => ({ grant, path: ["deny", index] })),
  ...(allow === undefined || typeof allow === "string"
    ? []
    : allow.map((grant, index) => ({ grant, path: ["allow", index] }))),
];

/** The callers that a grant names one by one. */
export const namedCallers = (grant: Grant): readonly { readonly caller: NamedCaller; readonly path: Path }[] =>
  callersOf(grant).flatMap(({ caller, path }) => (isNamedAlone(caller) ? [{ caller, path }] : []));
