/** What came of a request's body: until there is a connection to send it on, and for as long as it may be sent again. */
export class Replay {
  readonly #limit: number;
  #pieces: Buffer[] | undefined = [];
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** All that came, in its order; nothing where it is no longer kept. */
  get pieces(): readonly Buffer[] {
    return this.#pieces ?? [];
  }

  /** Whether more came than is kept for another attempt. */
  get isTooMuch(): boolean {
    return this.#bytes > this.#limit;
  }

  /** Whether all of it is here to be sent again. */
  get isWhole(): boolean {
    return this.#pieces !== undefined && !this.isTooMuch;
  }

  /** What was sent and is too much to be kept is sent once. */
  keep(bytes: Buffer, { isSent }: { readonly isSent: boolean }): void {
    if (this.#pieces === undefined) return;
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    if (isSent && this.isTooMuch) this.#pieces = undefined;
  }

  drop(): void {
    this.#pieces = undefined;
  }
}
