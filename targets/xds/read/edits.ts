import type { HeaderEdits } from "../../../lib/model/route.ts";
import { fields, items, settled, text, texts, unreadable, type Node, type Reading } from "./reading.ts";

/** Envoy removes before it adds, and overwrites before it appends, in whatever order the list has them. */
export const headerEdits = (add: Node | undefined, remove: Node | undefined, reading: Reading): HeaderEdits => {
  const read = items(add).map((node) => option(node, reading));
  const those = (isSet: boolean): HeaderEdits["set"] =>
    read
      .filter((one) => one.isSet === isSet)
      .map(({ name, value }) => [name, value] as const)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    remove: texts(remove)
      .map((name) => name.toLowerCase())
      .sort(),
    set: those(true),
    add: those(false),
  };
};

const option = (node: Node, reading: Reading) => {
  const { header, appendAction, keepEmptyValue } = fields(node, ["header", "appendAction", "keepEmptyValue"], reading);
  settled(
    node,
    { appendAction },
    { appendAction: [undefined, "APPEND_IF_EXISTS_OR_ADD", "OVERWRITE_IF_EXISTS_OR_ADD"] },
    reading,
  );
  const { key, value } = fields(header, ["key", "value"], reading);
  const said = text(value);
  // `%` begins a variable, `%%` is the character; an empty value is not written unless it is asked for.
  if (/%/.test(said.replaceAll("%%", "")) || (said === "" && keepEmptyValue?.value !== true))
    unreadable(header ?? node, reading);
  return {
    name: text(key).toLowerCase(),
    value: said.replaceAll("%%", "%"),
    isSet: appendAction?.value === "OVERWRITE_IF_EXISTS_OR_ADD",
  };
};
