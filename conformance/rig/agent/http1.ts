/** A header as it stood on the wire: name in the case that was sent, value without surrounding blanks. */
export type RawHeader = readonly [name: string, value: string];

export interface Message {
  /** The three words of the first line: method, target, version; or version, status, reason. */
  readonly start: readonly [string, string, string];
  readonly headers: readonly RawHeader[];
  readonly body: Buffer;
  /** Whether the connection can carry another message. */
  readonly reusable: boolean;
}

export interface MessageReader {
  readonly push: (chunk: Buffer) => void;
  /** The peer has ended: completes a body that is delimited by the end. */
  readonly end: () => void;
  /** Bytes of an unfinished message have arrived. */
  readonly begun: () => boolean;
}

type State =
  | { readonly kind: "head" }
  | { readonly kind: "length"; readonly left: number }
  | { readonly kind: "chunks" }
  | { readonly kind: "until-end" };

/**
 * Reads HTTP/1.1 by hand, so that tests see raw targets, the order and case of headers, and duplicates, none of which
 * node:http keeps apart or lets through. Lenient on purpose: it reports, it does not judge.
 */
export const messageReader = (
  side: "request" | "response",
  onMessage: (message: Message) => void,
  bodiless: () => boolean = () => false,
): MessageReader => {
  let buffer: Buffer = Buffer.alloc(0);
  let state: State = { kind: "head" };
  let start: Message["start"] = ["", "", ""];
  let headers: readonly RawHeader[] = [];
  let parts: Buffer[] = [];

  const take = (length: number): Buffer => {
    const taken = buffer.subarray(0, length);
    buffer = buffer.subarray(length);
    return taken;
  };
  const finish = (reusable: boolean): void => {
    const message: Message = {
      start,
      headers,
      body: Buffer.concat(parts),
      reusable: reusable && !/close/i.test(headerOf(headers, "connection") ?? ""),
    };
    parts = [];
    state = { kind: "head" };
    onMessage(message);
  };
  const head = (): boolean => {
    const end = buffer.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const [first = "", ...lines] = take(end + 4)
      .subarray(0, end)
      .toString("latin1")
      .split("\r\n");
    const [a = "", b = "", ...rest] = first.split(" ");
    start = [a, b, rest.join(" ")];
    headers = lines.map((line): RawHeader => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const status = Number(b);
    if (side === "response" && status >= 100 && status < 200 && status !== 101) return true;
    const length = headerOf(headers, "content-length");
    if (side === "response" && (bodiless() || status === 204 || status === 304)) finish(true);
    else if (/chunked/i.test(headerOf(headers, "transfer-encoding") ?? "")) state = { kind: "chunks" };
    else if (length !== undefined) state = { kind: "length", left: Number(length) };
    else if (side === "request") finish(true);
    else state = { kind: "until-end" };
    return true;
  };
  const chunk = (): boolean => {
    const line = buffer.indexOf("\r\n");
    if (line < 0) return false;
    const size = Number.parseInt(buffer.subarray(0, line).toString("latin1"), 16);
    if (size === 0) {
      const end = buffer.indexOf("\r\n\r\n", line);
      if (end < 0) return false;
      take(end + 4);
      finish(true);
      return true;
    }
    if (buffer.length < line + 2 + size + 2) return false;
    take(line + 2);
    parts.push(take(size));
    take(2);
    return true;
  };
  const step = (): boolean => {
    switch (state.kind) {
      case "head":
        return buffer.length > 0 && head();
      case "chunks":
        return chunk();
      case "until-end":
        if (buffer.length > 0) parts.push(take(buffer.length));
        return false;
      case "length": {
        if (buffer.length < state.left) return false;
        parts.push(take(state.left));
        finish(true);
        return true;
      }
    }
  };
  return {
    push(chunk) {
      buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
      while (step());
    },
    end() {
      if (state.kind === "until-end") finish(false);
    },
    begun: () => buffer.length > 0 || state.kind !== "head",
  };
};

/** The first header of this name. */
export const headerOf = (headers: readonly RawHeader[], name: string): string | undefined =>
  headers.find(([candidate]) => candidate.toLowerCase() === name)?.[1];

export const messageBytes = (first: string, headers: readonly RawHeader[], body: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`${first}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`, "latin1"),
    typeof body === "string" ? Buffer.from(body) : body,
  ]);
