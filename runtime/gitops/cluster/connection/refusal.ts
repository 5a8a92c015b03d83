import { heededMs } from "../../longest-wish.ts";
import { ClusterError, type ClusterErrorKind, type FieldConflict } from "../api.ts";

/** An answer that is no success. */
export interface Refused {
  readonly status: number;
  /** As sent: seconds or a date. */
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** metav1.Status, as far as it is read. */
interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  };
}

/** Server-side apply answers 500 where an object does not fit its schema (kubernetes/kubernetes 102749): the same again fails again. */
const schemaMessage =
  /field not declared in schema|failed to create typed (patch|live|new) object|: expected (map|list|string|numeric|boolean|scalar)\b.*\bgot\b/;

const longestMessage = 2000;

/** What an API server's refusal means for who asked (Kubernetes API conventions, "Response Status Kind"). */
export const refusal = (what: string, { status, retryAfter, body }: Refused): ClusterError => {
  const said = statusOf(body);
  const kind = kindOf(status, said);
  const conflicts = status === 409 ? conflictsOf(said) : [];
  const retryAfterMs = waitMs(retryAfter) ?? secondsMs(said.details?.retryAfterSeconds);
  return new ClusterError(`${what}: ${words(status, kind, said, conflicts)}`.slice(0, longestMessage), {
    kind,
    status,
    conflicts,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs: heededMs(retryAfterMs) }),
  });
};

const kindOf = (status: number, { reason, message = "", details }: Status): ClusterErrorKind => {
  if (status === 404) return details?.name === undefined ? "no-such-kind" : "not-found";
  // Nothing can be created in a namespace that ends, and soon it is not there.
  if (details?.causes?.some((cause) => cause.reason === "NamespaceTerminating")) return "not-found";
  if (status === 401 || status === 403) return "forbidden";
  if (status === 409) return "conflict";
  if (status === 410) return "gone";
  if (status === 429 || status === 503 || status === 504 || reason === "ServerTimeout") return "busy";
  if (status >= 500) return schemaMessage.test(message) ? "invalid" : "server";
  // A proxy on the way, or another server altogether.
  if (status < 400) return "server";
  return "invalid";
};

const words = (
  status: number,
  kind: ClusterErrorKind,
  { message }: Status,
  conflicts: readonly FieldConflict[],
): string => {
  if (conflicts.length > 0)
    return `others own ${conflicts.map(({ manager, field }) => `${field} (${manager})`).join(", ")}`;
  if (kind === "no-such-kind") return "the API server has no such kind: is its custom resource definition missing?";
  if (status === 401) return "the API server does not accept the credentials";
  return message === undefined || message === "" ? `the API server answered ${status}` : message;
};

/** Each cause of such a conflict names one field and, in its words, who owns it. */
const conflictsOf = ({ details }: Status): readonly FieldConflict[] =>
  (details?.causes ?? [])
    .filter(({ reason }) => reason === "FieldManagerConflict")
    .map(({ message = "", field = "" }) => {
      const quoted = /^conflicts? with ("(?:[^"\\]|\\.)*")/.exec(message)?.[1];
      return { manager: quoted === undefined ? message : unquoted(quoted), field };
    });

const unquoted = (text: string): string => {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
};

const statusOf = (body: string): Status => {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
};

const secondsMs = (seconds: number | undefined): number | undefined =>
  seconds !== undefined && seconds > 0 ? seconds * 1000 : undefined;

/** RFC 9110, 10.2.3. */
const waitMs = (retryAfter: string | undefined): number | undefined => {
  if (retryAfter === undefined) return undefined;
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
};

/** A watch tells its errors as objects of their own. */
export const watchRefusal = (what: string, status: unknown): ClusterError => {
  const code = (status as { readonly code?: unknown } | null)?.code;
  return refusal(what, {
    status: typeof code === "number" ? code : 500,
    retryAfter: undefined,
    body: JSON.stringify(status) ?? "",
  });
};
