import type { Forward } from "./site.ts";

interface Timed {
  readonly exceeded: () => void;
  readonly attemptExceeded: () => void;
}

/**
 * How long an exchange may take and each of its attempts. Both are counted from when the request is whole, and an attempt's
 * from when it is sent besides (Envoy, `Filter::onRequestComplete` and `UpstreamRequest::onPoolReady`): who uploads slowly is
 * not cut off, and to dial has a limit of its own.
 */
export class Deadlines {
  readonly #timed: Timed;
  #wholeMs: number | "none" = "none";
  #attemptMs: number | "none" = "none";
  #isRequestWhole = false;
  #isSent = false;
  #whole: NodeJS.Timeout | undefined;
  #attempt: NodeJS.Timeout | undefined;

  constructor(timed: Timed) {
    this.#timed = timed;
  }

  told({ timeout, retries }: Pick<Forward, "timeout" | "retries">): void {
    this.#wholeMs = timeout;
    if (retries !== "none") this.#attemptMs = retries.perTry;
  }

  requestWhole(): void {
    this.#isRequestWhole = true;
    if (this.#wholeMs !== "none") this.#whole ??= setTimeout(() => this.#timed.exceeded(), this.#wholeMs);
    this.#begun();
  }

  attemptSent(): void {
    this.#isSent = true;
    this.#begun();
  }

  attemptOver(): void {
    this.#isSent = false;
    clearTimeout(this.#attempt);
    this.#attempt = undefined;
  }

  over(): void {
    clearTimeout(this.#whole);
    this.attemptOver();
  }

  #begun(): void {
    if (this.#attemptMs !== "none" && this.#isSent && this.#isRequestWhole)
      this.#attempt = setTimeout(() => this.#timed.attemptExceeded(), this.#attemptMs);
  }
}
