/** A text of at most so many bytes: whole lines where any fit, and how many are missing. */
export const bounded = (text: string, most: number): string => {
  if (Buffer.byteLength(text) <= most) return text;
  const lines = text.split("\n");
  const kept: string[] = [];
  let left = most - Buffer.byteLength(more(lines.length));
  for (const line of lines) {
    left -= Buffer.byteLength(line) + 1;
    if (left < 0) break;
    kept.push(line);
  }
  return kept.length === 0 ? `${firstBytes(text, most - 3)}…` : [...kept, more(lines.length - kept.length)].join("\n");
};

const more = (lines: number): string => `… and ${lines} more lines`;

const firstBytes = (text: string, most: number): string => {
  const bytes = Buffer.from(text);
  let end = most;
  // A byte 10xxxxxx goes on with a character that began before it (RFC 3629, section 3).
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString();
};
