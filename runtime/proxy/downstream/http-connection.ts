import type { Socket } from "node:net";
import { headBuffer, type HeadBuffer } from "../http1/head-buffer.ts";
import type { Malformed, RequestHead } from "../http1/head.ts";
import { isMalformed } from "../http1/malformed.ts";
import { requestHead } from "../http1/request-head.ts";
import { answerBytes } from "./answer.ts";
import type { Downstream, HttpSettings } from "./downstream.ts";
import { Exchange } from "./exchange.ts";
import type { Peer, Site } from "./site.ts";

/**
 * A connection on which requests arrive, one after the other. What comes ahead of its turn waits in the kernel: reading
 * stops until the exchange before it is over.
 */
export class HttpConnection implements Downstream {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly settings: HttpSettings;
  /** When it was last of use; what waits too long is ended. */
  idleSince = performance.now();
  readonly #site: () => Site;
  readonly #heads: HeadBuffer<RequestHead>;
  #exchange: Exchange | undefined;
  #rest: Buffer | undefined;
  #slow: NodeJS.Timeout | undefined;
  #ended = false;
  #isLeaving = false;
  /** The exchange before left more than the other end took so far. */
  #isFull = false;

  constructor(socket: Socket, site: () => Site, peer: Peer, settings: HttpSettings) {
    this.socket = socket;
    this.peer = peer;
    this.settings = settings;
    this.#site = site;
    const limits = settings.limits.head;
    this.#heads = headBuffer("request", limits, (text) => requestHead(text, limits));
    this.#slow = setTimeout(() => this.#late(), settings.limits.headMs);
    socket.setTimeout(settings.limits.stalledMs, () => this.#stalled());
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("drain", () => {
      if (this.#exchange !== undefined) this.#exchange.downstreamDrained();
      else if (this.#isFull) this.#goesOn();
    });
    socket.on("end", () => this.#endedByPeer());
    // What went wrong is seen by the connection's end.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(this.#slow);
      this.#exchange?.abandoned();
      this.#exchange = undefined;
    });
  }

  get isIdle(): boolean {
    return this.#exchange === undefined;
  }

  get isDraining(): boolean {
    return this.#isLeaving || this.settings.isDraining();
  }

  /** Ends with the exchange that runs, or at once. */
  leaves(): void {
    this.#isLeaving = true;
    if (this.isIdle) this.#closed();
  }

  /** An exchange is over. Where the connection goes on, whatever came meanwhile has its turn. */
  finished(keepsAlive: boolean): void {
    this.#exchange = undefined;
    this.idleSince = performance.now();
    if (!keepsAlive || this.isDraining) return this.#closed();
    // Who asks and does not read gets no more answers than there is room for.
    if (this.socket.writableNeedDrain) {
      this.#isFull = true;
      this.socket.pause();
    } else this.#goesOn();
  }

  #goesOn(): void {
    this.#isFull = false;
    const { socket } = this;
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) {
      // Not at once: a thousand requests in one piece must not nest a thousand calls.
      process.nextTick(() => {
        if (!socket.destroyed) this.#received(rest);
      });
    } else if (this.#ended) return this.#closed();
    if (socket.isPaused()) socket.resume();
  }

  early(): Buffer | undefined {
    const rest = this.#rest;
    this.#rest = undefined;
    return rest;
  }

  #received(chunk: Buffer): void {
    if (this.socket.writableEnded) return;
    if (this.#isFull) return this.#waits(chunk);
    const exchange = this.#exchange;
    if (exchange === undefined) return this.#readHead(chunk);
    const end = exchange.requested(chunk, 0);
    if (end < chunk.length) this.#waits(chunk.subarray(end));
  }

  #waits(rest: Buffer): void {
    this.#rest = this.#rest === undefined ? rest : Buffer.concat([this.#rest, rest]);
    this.socket.pause();
  }

  #readHead(chunk: Buffer): void {
    const found = this.#heads.take(chunk, 0);
    if (found === undefined) {
      this.#slow ??= setTimeout(() => this.#late(), this.settings.limits.headMs);
      return;
    }
    if (this.#slow !== undefined) {
      clearTimeout(this.#slow);
      this.#slow = undefined;
    }
    if (isMalformed(found)) return this.#malformed(found);
    const { head } = found;
    // What speaks HTTP/1.0 could not read chunks, and bodies are passed on as they are (Envoy answers so too).
    if (head.minor === 0) return this.#refused(426);
    const exchange = new Exchange(this, head);
    this.#exchange = exchange;
    const end = exchange.begun(this.#site(), chunk, found.end);
    if (end < chunk.length) {
      if (this.#exchange === exchange || this.#isFull) this.#waits(chunk.subarray(end));
      else if (!this.socket.writableEnded) {
        const rest = chunk.subarray(end);
        process.nextTick(() => {
          if (!this.socket.destroyed) this.#received(rest);
        });
      }
    }
  }

  /** Half a head is answered; who said nothing at all asked for nothing. */
  #late(): void {
    if (this.#heads.begun()) this.#refused(408);
    else this.#closed();
  }

  #stalled(): void {
    if (this.#exchange !== undefined) this.#exchange.stalled();
    else if (this.socket.writableLength > 0) this.socket.destroy();
  }

  #malformed({ status, why }: Malformed): void {
    this.#refused(status, why);
  }

  #refused(status: number, why = ""): void {
    const { settings, peer } = this;
    settings.telemetry.exchanged({
      role: this.#site().role,
      startedAt: Date.now(),
      milliseconds: 0,
      method: "",
      target: "",
      host: "",
      requestId: "",
      status,
      reason: why === "" ? "malformed" : `malformed: ${why}`,
      attempts: 0,
      requestBytes: 0,
      responseBytes: 0,
      service: "",
      cluster: "",
      endpoint: undefined,
      callerAddress: peer.address,
      caller: peer.identity,
    });
    this.socket.write(answerBytes(status, "malformed", { keepsAlive: false, method: "" }));
    this.#closed();
  }

  #endedByPeer(): void {
    this.#ended = true;
    if (this.#exchange === undefined && !this.#isFull) this.#closed();
    else this.#exchange?.downstreamEnded();
  }

  /** Says no more, and takes what the other end still says for a moment: it would lose the answer otherwise (RFC 9112, 9.6). */
  #closed(): void {
    const { socket } = this;
    clearTimeout(this.#slow);
    socket.removeAllListeners("data");
    socket.end();
    socket.resume();
    if (!socket.readableEnded) setTimeout(() => socket.destroy(), lingerMs).unref();
  }
}

const lingerMs = 1000;
