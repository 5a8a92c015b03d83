/** The addresses of a name outside of the mesh; rejects where there are none. */
export type AddressesOf = (name: string) => Promise<readonly string[]>;

/** The system looks names up on the few threads on which it reads files, too: some are left to those. */
export const mostLookups = 2;

/** Look-ups of names: one of each at a time, and not many at once. */
export class Lookups {
  readonly #addressesOf: AddressesOf;
  readonly #open = new Map<string, Promise<readonly string[] | undefined>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(addressesOf: AddressesOf) {
    this.#addressesOf = addressesOf;
  }

  /** In an order of their own; undefined where there are none. What is urgent comes before what is not. */
  looked(name: string, { isUrgent }: { readonly isUrgent: boolean }): Promise<readonly string[] | undefined> {
    const open = this.#open.get(name);
    if (open !== undefined) return open;
    const looking = this.#turn(isUrgent)
      .then(() => this.#addressesOf(name))
      .then(
        (addresses) => addresses.toSorted(),
        () => undefined,
      )
      .finally(() => {
        this.#open.delete(name);
        this.#running -= 1;
        this.#next();
      });
    this.#open.set(name, looking);
    return looking;
  }

  #turn(isUrgent: boolean): Promise<void> {
    return new Promise((resolve) => {
      if (isUrgent) this.#waiting.unshift(resolve);
      else this.#waiting.push(resolve);
      this.#next();
    });
  }

  #next(): void {
    if (this.#running >= mostLookups) return;
    const turn = this.#waiting.shift();
    if (turn === undefined) return;
    this.#running += 1;
    turn();
  }
}
