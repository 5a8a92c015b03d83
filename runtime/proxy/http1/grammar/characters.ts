/** The codes that the grammar of HTTP/1.1 is made of, and which others may stand where (RFC 9110, section 5.6.2). */
export const tab = 0x09;
export const lf = 0x0a;
export const cr = 0x0d;
export const space = 0x20;
export const colon = 0x3a;
export const del = 0x7f;

/** By code: 0 where no token may have it, 2 for upper case, which names are rid of, 1 for the rest. */
export const tokenCodes = new Uint8Array(256);
for (const mark of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") tokenCodes[mark.charCodeAt(0)] = 1;
for (const letter of "ABCDEFGHIJKLMNOPQRSTUVWXYZ") tokenCodes[letter.charCodeAt(0)] = 2;

/** What a target may hold: all that is visible, without the `#` of a fragment, which is never sent. */
export const targetCodes = new Uint8Array(256).fill(1, 0x21, del);
targetCodes["#".charCodeAt(0)] = 0;

/** What a header's value may hold: all but control characters, of which only the tab is none. */
export const valueCodes = new Uint8Array(256)
  .fill(1, space)
  .fill(1, tab, tab + 1)
  .fill(0, del, del + 1);

/** Hexadecimal digits by code; 255 for what is none. */
export const hexDigits = new Uint8Array(256).fill(255);
for (const [value, digit] of [..."0123456789abcdef"].entries()) {
  hexDigits[digit.charCodeAt(0)] = value;
  hexDigits[digit.toUpperCase().charCodeAt(0)] = value;
}

export const isToken = (text: string): boolean => {
  for (let at = 0; at < text.length; at += 1) if (!tokenCodes[text.charCodeAt(at)]) return false;
  return text.length > 0;
};

export const isBlank = (code: number): boolean => code === space || code === tab;
