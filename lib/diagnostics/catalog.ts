import type { Diagnostic, Place, Related } from "./diagnostic.ts";
import type { CatalogEntry } from "./catalog/entry.ts";
import { loadingCodes } from "./catalog/loading.ts";
import { intentCodes } from "./catalog/intent.ts";
import { routingCodes } from "./catalog/routing.ts";
import { identityCodes } from "./catalog/identity.ts";
import { graphCodes } from "./catalog/graph.ts";
import { namesCodes } from "./catalog/names.ts";
import { outputCodes } from "./catalog/output.ts";
import { revisionCodes } from "./catalog/revision.ts";
import { targetCodes } from "./catalog/target.ts";

/** Every diagnostic there is. Append-only: a retired code stays here, retired. */
export const catalog = {
  ...loadingCodes,
  ...outputCodes,
  ...revisionCodes,
  ...intentCodes,
  ...routingCodes,
  ...identityCodes,
  ...graphCodes,
  ...namesCodes,
  ...targetCodes,
};

export type Catalog = typeof catalog;
export type Code = keyof Catalog;
export type ParametersOf<C extends Code> = Parameters<Catalog[C]["message"]>[0];

/** A diagnostic of the catalog: `diagnostic("MESH2001", { total: 95 }, { place })`. */
export const diagnostic = <C extends Code>(
  code: C,
  parameters: ParametersOf<C>,
  where: { readonly place?: Place | undefined; readonly related?: readonly Related[] | undefined } = {},
): Diagnostic => {
  const entry = catalog[code] as CatalogEntry<ParametersOf<C>>;
  const fix = entry.fix?.(parameters);
  return {
    code,
    severity: entry.severity,
    message: entry.message(parameters),
    ...(where.place && { place: where.place }),
    ...(where.related && where.related.length > 0 && { related: where.related }),
    ...(fix !== undefined && { fix }),
  };
};
