/** Whether a string is an IPv4 or IPv6 address without zone; the compiler has no `node:net` (it is pure). */
export const isIP = (text: string): boolean => isIPv4(text) || isIPv6(text);

const isIPv4 = (text: string): boolean => {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
};

const isIPv6 = (text: string): boolean => {
  if (!/^[0-9a-fA-F:.]+$/.test(text)) return false;
  try {
    return new URL(`http://[${text}]/`).hostname.startsWith("[");
  } catch {
    return false;
  }
};
