/** Why a call came to nothing, in words that may be shown to anybody. */
export interface Refused {
  readonly kind: "refused";
  readonly reason: string;
}

export const refused = (reason: string): Refused => ({ kind: "refused", reason });
