import { write } from "node:fs";
import type { ConnectionRecord, ExchangeRecord } from "./exchange-record.ts";

/** Waiting lines beyond this are dropped and counted: a full disk must not fill the memory, nor stop a request. */
const mostWaiting = 1 << 20;
/** So much is written without waiting for more. */
const enough = 1 << 16;
/** Lines wait so long for others that go with them. */
const togetherMs = 100;

/** One JSON object a line, to a file descriptor. Names are those of Istio's own JSON log. */
export class AccessLog {
  readonly #descriptor: number;
  #waiting = "";
  #isWriting = false;
  #timer: NodeJS.Timeout | undefined;
  #dropped = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** How many lines were lost. */
  get dropped(): number {
    return this.#dropped;
  }

  exchanged(record: ExchangeRecord): void {
    const { endpoint } = record;
    // By hand: half of what the general way costs.
    this.#line(
      `{"start_time":"${new Date(record.startedAt).toISOString()}","method":${json(record.method)},"path":${json(record.target)},"authority":${json(record.host)},"protocol":"HTTP/1.1","response_code":${record.status},"response_flags":${json(record.reason === "" ? "-" : record.reason)},"bytes_received":${record.requestBytes},"bytes_sent":${record.responseBytes},"duration":${record.milliseconds.toFixed(2)},"request_id":${json(record.requestId)},"attempts":${record.attempts},"upstream_cluster":${json(record.cluster)},"upstream_host":${endpoint === undefined ? "null" : json(`${endpoint.address}:${endpoint.port}`)},"downstream_remote_address":${json(record.callerAddress)},"downstream_peer_uri_san":${record.caller === undefined ? "null" : json(record.caller)},"reporter":"${record.role}"}\n`,
    );
  }

  connected(record: ConnectionRecord): void {
    const {
      startedAt,
      role,
      reason,
      sentBytes,
      receivedBytes,
      milliseconds,
      cluster,
      endpoint,
      callerAddress,
      caller,
    } = record;
    this.#line(
      `${escaped({
        start_time: new Date(startedAt).toISOString(),
        protocol: "TCP",
        response_flags: reason === "" ? "-" : reason,
        bytes_received: sentBytes,
        bytes_sent: receivedBytes,
        duration: Number(milliseconds.toFixed(2)),
        upstream_cluster: cluster,
        upstream_host: endpoint === undefined ? null : `${endpoint.address}:${endpoint.port}`,
        downstream_remote_address: callerAddress,
        downstream_peer_uri_san: caller ?? null,
        reporter: role,
      })}\n`,
    );
  }

  /** Everything that waits, now; resolves once it left or could not. */
  async flushed(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flush();
    while (this.#isWriting) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  #line(text: string): void {
    if (this.#isWriting && this.#waiting.length + text.length > mostWaiting) return void (this.#dropped += 1);
    this.#waiting += text;
    if (this.#waiting.length > enough) return this.#flush();
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#flush();
    }, togetherMs).unref();
  }

  #flush(): void {
    if (this.#isWriting || this.#waiting === "") return;
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = "";
    this.#isWriting = true;
    this.#written(bytes, 0);
  }

  #written(bytes: Buffer, from: number): void {
    write(this.#descriptor, bytes, from, (error, count) => {
      if (error !== null && error.code === "EAGAIN") {
        // A pipe that nobody reads at the moment.
        setTimeout(() => this.#written(bytes, from), togetherMs).unref();
        return;
      }
      if (error !== null) this.#dropped += bytes.subarray(from).toString().split("\n").length - 1;
      else if (from + count < bytes.length) return this.#written(bytes, from + count);
      this.#isWriting = false;
      if (this.#waiting !== "")
        this.#timer ??= setTimeout(() => ((this.#timer = undefined), this.#flush()), togetherMs).unref();
    });
  }
}

/** Most texts need no escape: to look is cheaper than to escape. */
const json = (text: string): string => (/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(text) ? `"${text}"` : escaped(text));

/** JSON without the controls that it lets stand: terminals obey those of a second set as well. */
const escaped = (value: unknown): string =>
  JSON.stringify(value).replace(/[\x7f-\x9f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
