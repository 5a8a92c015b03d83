/**
 * Milliseconds that a server asks to be left alone for, an hour at most: whoever asks for more is asked again all the same. A timer of
 * Node that is given more than 2^31 - 1 fires at once.
 */
export const heededMs = (wishedMs: number): number => Math.min(wishedMs, 3_600_000);
