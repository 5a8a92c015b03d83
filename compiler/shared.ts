/**
 * The same as `after`, built of parts of `before` wherever those say the same: what nobody changed stays the same object,
 * and whoever remembers by object finds it again. For plain data: objects, arrays, strings, numbers, booleans.
 */
export const shared = <T>(before: T | undefined, after: T): T => share(before, after) as T;

const share = (before: unknown, after: unknown): unknown => {
  if (before === after || !isStructure(before) || !isStructure(after)) return after;
  if (Array.isArray(before) !== Array.isArray(after)) return after;
  return Array.isArray(before) ? sharedList(before, after as readonly unknown[]) : sharedRecord(before, after);
};

/** Members are matched from both ends: between them lies what was inserted or taken away. */
const sharedList = (before: readonly unknown[], after: readonly unknown[]): readonly unknown[] => {
  const shift = before.length - after.length;
  const result: unknown[] = [];
  let fromStart = 0;
  for (; fromStart < after.length; fromStart++) {
    const member = share(before[fromStart], after[fromStart]);
    result.push(member);
    if (shift !== 0 && member !== before[fromStart]) break;
  }
  for (let index = after.length - 1; index >= fromStart; index--) {
    const member = share(before[index + shift], after[index]);
    if (index > fromStart || member === before[index + shift]) result[index] = member;
  }
  return shift === 0 && result.every((member, index) => member === before[index]) ? before : result;
};

const sharedRecord = (before: object, after: object): object => {
  const known = before as Readonly<Record<string, unknown>>;
  const members = Object.entries(after).map(([name, value]) => [name, share(known[name], value)] as const);
  const isSame =
    members.length === Object.keys(before).length &&
    members.every(([name, member]) => member === known[name] && Object.hasOwn(before, name));
  return isSame ? before : Object.fromEntries(members);
};

const isStructure = (value: unknown): value is object => typeof value === "object" && value !== null;
