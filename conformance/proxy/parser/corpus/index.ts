import { chunks } from "./chunks.ts";
import { codings } from "./codings.ts";
import { lengths } from "./lengths.ts";
import { fieldLines, messages, starts } from "./starts.ts";
import { hosts, targets } from "./targets.ts";
import type { Case } from "./case.ts";

/** Bytes that have made servers disagree, and their honest neighbours. */
export const corpus: readonly Case[] = [
  ...starts,
  ...targets,
  ...hosts,
  ...fieldLines,
  ...lengths,
  ...codings,
  ...chunks,
  ...messages,
];
