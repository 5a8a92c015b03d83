import { corpus } from "./corpus/index.ts";

export interface MutationSeeds {
  /** Those that are forwarded to the last byte. */
  readonly forwarded: readonly Buffer[];
  readonly all: readonly Buffer[];
}

const short = corpus.filter(({ bytes }) => bytes.length < 2000);

/** The short ones of the corpus: in a long one most changes strike where nothing depends on it. */
export const mutationSeeds: MutationSeeds = {
  forwarded: short
    .filter(({ messages, end }) => messages.length > 0 && typeof end !== "number")
    .map(({ bytes }) => bytes),
  all: short.map(({ bytes }) => bytes),
};
