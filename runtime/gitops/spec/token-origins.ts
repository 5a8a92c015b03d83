import { PassFailure } from "../failure.ts";

/**
 * Where a token may be sent. Whoever may write a MeshSync says which servers are asked, and may not thereby have a token that only
 * this program holds: it goes to the origins that whoever gave the token gave with it.
 */
export interface TokenOrigins {
  /** The flag that says so, for messages. */
  readonly flag: string;
  /** `https://git.example.com` */
  readonly origins: readonly string[];
}

/** Throws a `PassFailure`, before anybody is asked, where an address is of another origin. */
export const refuseElsewhere = (field: string, address: string, { flag, origins }: TokenOrigins): void => {
  if (!URL.canParse(address)) return;
  const { origin } = new URL(address);
  if (origins.includes(origin)) return;
  const those = origins.length === 0 ? "for no origin yet" : `for ${origins.join(", ")} alone`;
  throw new PassFailure(
    "Fetched",
    "TokenNotForOrigin",
    `${field} is at ${origin}, and the token is ${those}, as ${flag} says: nothing is asked there`,
  );
};
