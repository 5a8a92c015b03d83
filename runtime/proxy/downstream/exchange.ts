import { bodyReader } from "../http1/body.ts";
import { passedBytes, type BodyReader } from "../http1/body-reader.ts";
import type { HeadBuffer } from "../http1/head-buffer.ts";
import { isMalformed } from "../http1/malformed.ts";
import type { RetryPolicy } from "../../../lib/model/route.ts";
import type { RequestHead, ResponseHead } from "../http1/head.ts";
import { edited } from "../rules/header-edits.ts";
import type { Connection, ConnectionUser } from "../upstream/connection.ts";
import type { Failure } from "../upstream/pool.ts";
import { answerBytes } from "./answer.ts";
import { Attempts } from "./attempts.ts";
import { carrierOf } from "./carrier.ts";
import { Deadlines } from "./deadlines.ts";
import { forwardedRequest, forwardedResponse, interimResponse, isGranted, requestIdOf } from "./forwarded-heads.ts";
import type { Downstream } from "./downstream.ts";
import { Replay } from "./replay.ts";
import { responseHeads } from "./response-heads.ts";
import { asksAfterAnswer, asksAfterFailure, backOff, isIdempotent, type AttemptFailure } from "./retry.ts";
import type { Forward, Reason, Site } from "./site.ts";
import { written } from "./written.ts";

/**
 * One request and its response, from the head's last byte to the response's. Bodies pass through as they came, no faster
 * than the slower side takes them.
 *
 * INVARIANT: once a byte of the response has left for the caller there is no other attempt, and whatever goes wrong then
 * breaks the connection off: a part must not be taken for the whole.
 */
export class Exchange implements ConnectionUser {
  readonly #down: Downstream;
  readonly #head: RequestHead;
  /** Absent once the request is whole. */
  #requestBody: BodyReader | undefined;
  readonly #startedAt = Date.now();
  readonly #started = performance.now();
  #role: Site["role"] = "outbound";
  #forward: Forward | undefined;
  #service = "";
  #requestText = "";
  #requestId = "";
  #isOver = false;
  #isTunnel = false;

  readonly #attempts = new Attempts();
  /** That of the current attempt. */
  #connection: Connection | undefined;
  #isHeadSent = false;
  readonly #replay: Replay;

  #responseHeads: HeadBuffer<ResponseHead>;
  #response: ResponseHead | undefined;
  #responseBody: BodyReader | undefined;

  #isLast = false;

  readonly #deadlines = new Deadlines(this);
  #backingOff: NodeJS.Timeout | undefined;
  #requestBytes = 0;
  #responseBytes = 0;

  constructor(down: Downstream, head: RequestHead) {
    this.#down = down;
    this.#head = head;
    this.#requestBody = bodyReader(head.framing, down.settings.limits.trailers);
    this.#responseHeads = responseHeads(head, down.settings.limits.head);
    this.#replay = new Replay(down.settings.limits.replayBytes);
  }

  /** Rules on the request and sends it on; returns up to where the chunk belongs to it. */
  begun(site: Site, chunk: Buffer, at: number): number {
    const { peer, settings } = this.#down;
    this.#role = site.role;
    const ruling = site.ruled(this.#head, peer);
    const end = this.requested(chunk, at);
    if (this.#isOver) return end;
    if (ruling.kind === "answer") {
      this.#service = ruling.service ?? "";
      this.#answered(ruling.status, ruling.reason, ruling.responseHeaders, ruling.body);
      return end;
    }
    this.#forward = ruling;
    this.#service = ruling.service;
    this.#requestId = requestIdOf(this.#head.headers, site.role);
    this.#requestText = forwardedRequest(
      this.#head,
      { target: ruling.target, headers: edited(this.#head.headers, ruling.requestHeaders) },
      { role: site.role, peer, identity: settings.identity, requestId: this.#requestId },
    );
    this.#deadlines.told(ruling);
    if (this.#requestBody === undefined) this.#deadlines.requestWhole();
    this.#attempted(false);
    return end;
  }

  /** More of the request's body; returns up to where the chunk belongs to it. */
  requested(chunk: Buffer, at: number): number {
    if (this.#isTunnel) {
      this.#requestBytes += chunk.length - at;
      if (this.#connection?.socket.write(at === 0 ? chunk : chunk.subarray(at)) === false) this.#down.socket.pause();
      return chunk.length;
    }
    if (this.#requestBody === undefined) return at;
    const part = this.#requestBody.take(chunk, at);
    if (isMalformed(part)) {
      this.#broken(part.status, "malformed");
      return chunk.length;
    }
    const { end } = part;
    if (part.complete) {
      this.#requestBody = undefined;
      this.#deadlines.requestWhole();
    }
    const bytes = passedBytes(chunk, at, part);
    if (bytes.length === 0) return end;
    this.#requestBytes += bytes.length;
    this.#replay.keep(bytes, { isSent: this.#isHeadSent });
    const connection = this.#connection;
    if (connection !== undefined && this.#isHeadSent) {
      if (!connection.socket.write(bytes)) this.#down.socket.pause();
    } else if (this.#replay.isTooMuch) this.#down.socket.pause();
    return end;
  }

  /** The caller took what was written: the upstream may go on. */
  downstreamDrained(): void {
    const socket = this.#connection?.socket;
    if (socket?.isPaused() === true) socket.resume();
  }

  /**
   * The caller says no more. Almost always it went away: nothing else tells so before something is written, and the callee
   * would work on for nobody. Who only says no more after a whole request gets no answer, as from Envoy.
   */
  downstreamEnded(): void {
    if (this.#isTunnel) this.#connection?.socket.end();
    // Half a request is none.
    else if (this.#requestBody !== undefined) this.#broken(400, "malformed");
    else this.#down.socket.destroy();
  }

  /** The time for the whole of it is over. */
  exceeded(): void {
    this.#broken(504, "timeout");
  }

  /** Nothing moved for long. Who sends no more of its request, or takes no more of its response, is not waited for; a callee is. */
  stalled(): void {
    if (this.#isTunnel) return;
    if (this.#requestBody !== undefined || this.#down.socket.writableLength > 0) this.#broken(408, "timeout");
  }

  attemptExceeded(): void {
    this.#failed("timeout", "timeout");
  }

  /** There is no caller any more. */
  abandoned(): void {
    if (this.#isOver) return;
    this.#dropped();
    this.#over("downstream gone", 0);
  }

  received(chunk: Buffer): void {
    if (this.#isTunnel) {
      this.#responseBytes += chunk.length;
      if (!this.#down.socket.write(chunk)) this.#connection?.socket.pause();
      return;
    }
    let at = 0;
    let headText = "";
    while (this.#response === undefined) {
      const found = this.#responseHeads.take(chunk, at);
      if (found === undefined) return;
      if (isMalformed(found)) return this.#failed("reset", "malformed-response");
      const { head } = found;
      at = found.end;
      if (head.status === 101) return this.#upgraded(head, chunk, at);
      if (head.status < 200) {
        this.#replay.drop();
        if (!this.#down.socket.write(interimResponse(head), "latin1")) this.#connection?.socket.pause();
        if (at === chunk.length) return;
        continue;
      }
      const retries = this.#retries();
      if (retries !== undefined && asksAfterAnswer(retries, head.status, head.headers)) return this.#again();
      headText = this.#beginning(head);
    }
    this.#passedOn(headText, chunk, at);
  }

  ended(): void {
    if (this.#isTunnel) return void this.#down.socket.end();
    if (this.#response?.framing.kind === "close") return this.#complete(false);
    // What is missing is told by `lost`.
    this.#connection?.socket.destroy();
  }

  lost(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (this.#isOver || connection === undefined) return;
    if (this.#isTunnel) {
      this.#left();
      this.#over("", 101);
      this.#down.socket.destroy();
      return;
    }
    if (this.#response !== undefined) return this.#broken(502, "reset");
    // A connection that was kept may close just as it is used: nothing of it was read, and to ask again does no harm.
    const isStale = connection.uses > 0 && !this.#responseHeads.begun() && isIdempotent(this.#head.method);
    if (isStale && this.#replay.isWhole) {
      this.#deadlines.attemptOver();
      this.#attempts.endedStale();
      return this.#attempted(true);
    }
    this.#failed("reset", "reset");
  }

  keeps(): boolean {
    return this.#down.socket.writableLength > 0;
  }

  drained(): void {
    const { socket } = this.#down;
    if (socket.isPaused() && !this.#isOver) socket.resume();
  }

  #attempted(fresh: boolean): void {
    this.#isHeadSent = false;
    const isBegun = this.#attempts.begun(
      this.#forward!,
      {
        connected: (connection) => this.#send(connection),
        failed: (why) => this.#failed(why === "overflow" ? "reset" : "connect", why),
      },
      { fresh },
    );
    if (!isBegun) this.#answered(503, "no-workload");
  }

  #send(connection: Connection): void {
    this.#connection = connection;
    connection.user = this;
    this.#isHeadSent = true;
    this.#deadlines.attemptSent();
    const hasRoom = written(connection.socket, this.#requestText, this.#replay.pieces);
    const isOnlyOnce = this.#forward?.retries === "none" && !isIdempotent(this.#head.method);
    if (isOnlyOnce || this.#replay.isTooMuch) this.#replay.drop();
    if (!hasRoom) this.#down.socket.pause();
    else if (this.#requestBody !== undefined && this.#down.socket.isPaused()) this.#down.socket.resume();
  }

  /** The policy, for as long as it allows for another attempt. */
  #retries(): RetryPolicy | undefined {
    const { retries = "none" } = this.#forward ?? {};
    return retries !== "none" && this.#attempts.count <= retries.attempts && this.#replay.isWhole ? retries : undefined;
  }

  /** Gives up the attempt, and asks another endpoint after a moment. */
  #again(): void {
    this.#attempts.avoided();
    this.#dropped();
    // What comes until the next attempt is kept for it, however much that is.
    this.#isHeadSent = false;
    this.#responseHeads = responseHeads(this.#head, this.#down.settings.limits.head);
    this.#backingOff = setTimeout(() => this.#attempted(false), backOff(this.#attempts.count));
  }

  #failed(failure: AttemptFailure, why: Failure | "reset" | "timeout" | "malformed-response"): void {
    if (this.#isOver) return;
    const kind = failure === "reset" && !this.#isHeadSent ? "reset-before-request" : failure;
    const retries = this.#response === undefined && why !== "overflow" ? this.#retries() : undefined;
    if (retries !== undefined && asksAfterFailure(retries, kind)) return this.#again();
    this.#broken(why === "timeout" ? 504 : why === "malformed-response" ? 502 : 503, why);
  }

  /** Ends what cannot be completed: with an answer where the caller has heard nothing yet. */
  #broken(status: number, reason: Reason): void {
    if (this.#isOver) return;
    this.#dropped();
    if (this.#response === undefined && !this.#isTunnel) return this.#answered(status, reason);
    this.#over(reason, this.#response?.status ?? 101);
    // Where the end of the connection is the end of the body, only a reset tells that it is not.
    if (this.#response?.framing.kind === "close") carrierOf(this.#down.socket).resetAndDestroy();
    else this.#down.socket.destroy();
  }

  #answered(status: number, reason: Reason, edits = this.#forward?.responseHeaders, body?: string): void {
    const keepsAlive = this.#head.keepsAlive && this.#requestBody === undefined && !this.#down.isDraining;
    this.#over(reason, status);
    this.#down.socket.write(answerBytes(status, reason, { keepsAlive, method: this.#head.method, edits, body }));
    this.#down.finished(keepsAlive);
  }

  #beginning(head: ResponseHead): string {
    this.#response = head;
    this.#responseBody = bodyReader(head.framing, this.#down.settings.limits.trailers);
    this.#replay.drop();
    this.#deadlines.attemptOver();
    this.#isLast =
      !this.#head.keepsAlive ||
      head.framing.kind === "close" ||
      this.#down.isDraining ||
      this.#requestBody !== undefined;
    return forwardedResponse(
      head,
      edited(head.headers, this.#forward!.responseHeaders),
      this.#isLast ? "closed" : "kept",
    );
  }

  #passedOn(headText: string, chunk: Buffer, at: number): void {
    const body = this.#responseBody;
    const { socket } = this.#down;
    const part = body === undefined ? { end: at, complete: true } : body.take(chunk, at);
    if (isMalformed(part)) return this.#broken(502, "malformed-response");
    const { end, complete } = part;
    const bytes = passedBytes(chunk, at, part);
    this.#responseBytes += bytes.length;
    const hasRoom = written(socket, headText, bytes.length === 0 ? [] : [bytes]);
    // Bytes after the end belong to nothing that was asked.
    if (complete) return this.#complete(end === chunk.length);
    if (!hasRoom) this.#connection?.socket.pause();
  }

  /** The response is whole. */
  #complete(isClean: boolean): void {
    const response = this.#response!;
    const connection = this.#connection;
    this.#connection = undefined;
    const isRequestDone = this.#requestBody === undefined;
    if (connection !== undefined) {
      connection.user = undefined;
      if (isClean && isRequestDone && response.keepsAlive && response.framing.kind !== "close")
        this.#attempts.released(connection);
      else connection.socket.destroy();
    }
    this.#left();
    this.#over("", response.status);
    this.#down.finished(!this.#isLast);
  }

  #upgraded(head: ResponseHead, chunk: Buffer, at: number): void {
    // Nobody asked for it.
    if (!isGranted(this.#head, head)) return this.#failed("reset", "malformed-response");
    this.#response = head;
    this.#isTunnel = true;
    this.#replay.drop();
    this.#deadlines.over();
    const { socket } = this.#down;
    socket.write(forwardedResponse(head, head.headers, "upgraded"), "latin1");
    if (at < chunk.length) this.received(chunk.subarray(at));
    const early = this.#down.early();
    if (early !== undefined) this.requested(early, 0);
    if (socket.isPaused()) socket.resume();
  }

  /** Takes the attempt off its connection, which cannot be used by anybody else. */
  #dropped(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) {
      connection.user = undefined;
      connection.socket.destroy();
    }
    this.#left();
  }

  #left(): void {
    this.#deadlines.attemptOver();
    this.#attempts.ended();
  }

  #over(reason: string, status: number): void {
    this.#isOver = true;
    this.#deadlines.over();
    clearTimeout(this.#backingOff);
    const { peer, settings } = this.#down;
    const { method, target, host } = this.#head;
    settings.telemetry.exchanged({
      role: this.#role,
      startedAt: this.#startedAt,
      milliseconds: performance.now() - this.#started,
      method,
      target,
      host,
      requestId: this.#requestId,
      status,
      reason,
      attempts: this.#attempts.count,
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      service: this.#service,
      cluster: this.#forward?.cluster ?? "",
      endpoint: this.#attempts.last?.endpoint,
      callerAddress: peer.address,
      caller: peer.identity,
    });
  }
}
