/** Why no identity was given, in few words: the reasons as they are told are too many to be counted each. */
const reasons = {
  malformed: [400, 404, 405, 413],
  unproved: [401],
  "not entitled": [403],
  "too often": [429],
  "not ready": [503],
  failed: [500],
} as const satisfies Record<string, readonly number[]>;

type Reason = keyof typeof reasons;

/** Counted since the start. */
export interface JoinCounts {
  readonly joined: number;
  readonly renewed: number;
  readonly refused: Readonly<Record<Reason, number>>;
}

/** Counts while it is counted. */
export const tally = () => {
  const given = { joined: 0, renewed: 0 };
  const refused = Object.fromEntries(Object.keys(reasons).map((reason) => [reason, 0])) as Record<Reason, number>;
  return {
    gave: (what: keyof typeof given): void => void (given[what] += 1),
    refused: (status: number): void => {
      const all = Object.entries(reasons) as readonly (readonly [Reason, readonly number[]])[];
      refused[all.find(([, statuses]) => statuses.includes(status))?.[0] ?? "failed"] += 1;
    },
    read: (): JoinCounts => ({ ...given, refused: { ...refused } }),
  };
};
