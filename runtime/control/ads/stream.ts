import { status, type ServerDuplexStream } from "@grpc/grpc-js";
import type { ServedType } from "../served-type.ts";
import type { AdsOptions, Client, ClientStatus, Dismissal, Limits, Node, Peer } from "./contract.ts";
import { session, type Outcome, type Protocol, type Session } from "./session/session.ts";
import { pace } from "./pace.ts";
import { typeStatuses } from "./status.ts";
import type { Tally } from "./tally.ts";
import { encodedResponse } from "./wire/envelope.ts";
import { deltaRequest, setRequest } from "./wire/request.ts";

export type Call = ServerDuplexStream<Buffer, Buffer>;

/** One stream between the network and its session. */
export interface Stream {
  /** Undefined until it is admitted. */
  readonly status: () => ClientStatus | undefined;
  readonly client: () => Client | undefined;
  /** Whether its client acknowledged all that it asked for. */
  readonly isSynced: () => boolean;
  /** Takes the client's view as it is now, in which there may be a change that was taken then. */
  readonly refreshed: (takenAt: number | undefined) => void;
  /** Ends it where it is dismissed. */
  readonly judged: (verdict: (client: Client, peer: Peer) => Dismissal | undefined) => void;
  /** Says goodbye; resolves when the client is gone. */
  readonly ended: () => Promise<void>;
}

export interface Surroundings {
  readonly options: AdsOptions;
  readonly limits: Limits;
  readonly tally: Tally;
  /** Why the client may have no further stream. */
  readonly tooMany: (client: Client) => string | undefined;
  /** The stream is that client's from now on. */
  readonly opened: (client: Client) => void;
  /** Whether the stream has yet to be told of a change. */
  readonly isBehind: (stream: Stream) => boolean;
  /** Its client acknowledged the last of a change so many seconds after that was taken. */
  readonly converged: (seconds: number) => void;
  readonly closed: (stream: Stream) => void;
}

/** Serves a call. `only` is the one type of a service that has one. */
export const stream = (
  call: Call,
  protocol: Protocol,
  only: ServedType | undefined,
  { options, limits, tally, tooMany, opened, isBehind, converged, closed }: Surroundings,
): Stream => {
  const since = new Date();
  const address = call.getPeer();
  const unknownTypes = new Set<string>();
  const unheard: Buffer[] = [];
  let waitingBytes = 0;
  let admitted:
    { readonly client: Client; readonly peer: Peer; readonly node: Node; readonly session: Session } | undefined;
  let isOver = false;
  let isWriting = false;
  /** When the oldest change was taken of which the client has not all. */
  let owedSince: number | undefined;
  let wake: NodeJS.Timeout | undefined;
  let rest: NodeJS.Timeout | undefined;
  const requests = pace({ perSecond: limits.requestsPerSecond, burst: limits.requestBurst });
  const gone = Promise.withResolvers<void>();

  const silence = setTimeout(
    () => ended(status.DEADLINE_EXCEEDED, `no request within ${limits.firstMessageMs} ms`),
    limits.firstMessageMs,
  ).unref();

  const over = (why: string): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(silence);
    clearTimeout(wake);
    clearTimeout(rest);
    unheard.length = 0;
    options.log({ level: "info", event: "stream ended", client: admitted?.client.name, address, reason: why });
    closed(self);
    gone.resolve();
  };

  const ended = (code: status, details: string): void => {
    if (isOver) return;
    over(details);
    // The status travels in a header, which has no room for everything.
    call.emit("error", { code, details: details.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 500) });
  };

  const overLimit = (details: string): void => {
    tally.overLimit += 1;
    ended(status.RESOURCE_EXHAUSTED, details);
  };

  /** One response at a time, and the next only when the connection took it: what waits here can still be superseded. */
  const pump = (): void => {
    if (isOver || isWriting || admitted === undefined) return;
    const { session } = admitted;
    const now = performance.now();
    const response = session.next(now);
    clearTimeout(wake);
    if (response === undefined) {
      const at = session.wakeAt();
      if (at !== undefined) wake = setTimeout(pump, Math.max(1, Math.ceil(at - now))).unref();
      return;
    }
    const bytes = encodedResponse(protocol, response);
    tally.pushes[response.type] += 1;
    tally.pushedBytes[response.type] += bytes.length;
    isWriting = true;
    call.write(bytes, () => {
      isWriting = false;
      pump();
    });
  };

  const admission = async (node: Node): Promise<void> => {
    const certificate = call.getAuthContext().sslPeerCertificate?.raw;
    const peer: Peer = { certificate, address };
    const answer = await options.admitted(peer, node);
    if (isOver) return;
    if (!("client" in answer)) {
      if ("unavailable" in answer) {
        tally.refusedAdmissions["not ready"] += 1;
        return ended(status.UNAVAILABLE, answer.unavailable);
      }
      const isProved = certificate !== undefined;
      tally.refusedAdmissions[isProved && answer.isProved !== false ? "not entitled" : "unproved"] += 1;
      return ended(isProved ? status.PERMISSION_DENIED : status.UNAUTHENTICATED, answer.refused);
    }
    const { client } = answer;
    const why = tooMany(client);
    if (why !== undefined) return overLimit(why);
    admitted = { client, peer, node, session: session(protocol, options.viewOf(client), limits) };
    opened(client);
    options.log({
      level: "info",
      event: "stream admitted",
      client: client.name,
      address,
      protocol,
      userAgent: node.userAgent,
    });
  };

  const told = (client: Client, outcome: Outcome): void => {
    switch (outcome.kind) {
      case "asked":
        return;
      case "accepted":
        tally.acks[outcome.type] += 1;
        return;
      case "refused":
        tally.nacks[outcome.type] += 1;
        options.onRefusal({ client, type: outcome.type, ...outcome.refusal });
        return;
      case "violation":
        overLimit(outcome.message);
    }
  };

  /** What a client says before it is admitted waits; an honest one says a few things, one of each type. */
  const admittedFirst = (bytes: Buffer, node: Node): void => {
    unheard.push(bytes);
    if (unheard.length > 1) waitingBytes += bytes.length;
    if (unheard.length > longestWait || waitingBytes > limits.waitingBytes)
      return overLimit("too many requests before it was admitted");
    if (unheard.length > 1) return;
    admission(node).then(
      () => guarded(() => unheard.splice(0).forEach(received)),
      (error: unknown) =>
        guarded(() => {
          throw error;
        }),
    );
  };

  const received = (bytes: Buffer): void => {
    if (isOver) return;
    clearTimeout(silence);
    if (bytes.length > limits.requestBytes) return overLimit(`a request of more than ${limits.requestBytes} bytes`);
    const delta = protocol === "delta" ? parsed(() => deltaRequest(bytes, only)) : undefined;
    const set = protocol === "sotw" ? parsed(() => setRequest(bytes, only)) : undefined;
    const message = delta ?? set;
    if (message === undefined) {
      tally.malformed += 1;
      return ended(status.INVALID_ARGUMENT, "this is no discovery request");
    }
    const { type, typeUrl } = message;
    if (only !== undefined && type !== only)
      return ended(status.INVALID_ARGUMENT, `this service has no resources of type ${typeUrl}`);
    if (admitted === undefined) return admittedFirst(bytes, message.node ?? nobody);
    if (type === undefined) {
      // Types that nobody here serves are asked for by every new Envoy; a stream that makes them up is not remembered.
      if (unknownTypes.size < 8 && !unknownTypes.has(typeUrl)) {
        unknownTypes.add(typeUrl);
        options.log({
          level: "warn",
          event: "unknown type",
          client: admitted.client.name,
          typeUrl: typeUrl.slice(0, 200),
        });
      }
      return;
    }
    const now = performance.now();
    const { client, session } = admitted;
    const outcome = delta
      ? session.receivedDelta({ ...delta.request, type }, now)
      : session.receivedSet({ ...set!.request, type }, now);
    told(client, outcome);
    pump();
    measured(now, outcome);
  };

  /** A fault of whoever admits or makes views ends this stream, and no other. */
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      options.log({
        level: "error",
        event: "stream failed",
        client: admitted?.client.name,
        address,
        reason: String(error),
      });
      ended(status.INTERNAL, "the control plane failed to answer");
    }
  };

  const isSynced = (): boolean => admitted !== undefined && admitted.session.synced() && !isBehind(self);

  const measured = (now: number, { kind }: Outcome): void => {
    // What is refused is counted as that: how long it stays so says nothing about the way to an ACK.
    if (kind === "refused") owedSince = undefined;
    if (owedSince === undefined || isBehind(self) || admitted?.session.settled() !== true) return;
    if (kind === "accepted") converged((now - owedSince) / 1000);
    owedSince = undefined;
  };

  const self: Stream = {
    client: () => admitted?.client,
    isSynced,
    status: () =>
      admitted && {
        client: admitted.client,
        node: admitted.node,
        address,
        since,
        protocol,
        types: typeStatuses(admitted.session.ledgers),
        synced: isSynced(),
      },
    refreshed: (takenAt) =>
      guarded(() => {
        if (isOver || admitted === undefined) return;
        admitted.session.viewed(options.viewOf(admitted.client));
        if (!admitted.session.settled()) owedSince ??= takenAt;
        pump();
      }),
    judged: (verdict) =>
      guarded(() => {
        if (isOver || admitted === undefined) return;
        const why = verdict(admitted.client, admitted.peer);
        if (why === undefined) return;
        ended(why.as === "denied" ? status.PERMISSION_DENIED : status.UNAUTHENTICATED, why.reason);
      }),
    ended: () => {
      if (!isOver) {
        over("drained");
        call.end();
      }
      return gone.promise;
    },
  };

  /** Everybody shares one thread: whoever asks faster than anybody needs to is read more slowly. */
  const paced = (): void => {
    const waitMs = requests.taken(performance.now());
    if (waitMs === 0 || isOver) return;
    call.pause();
    rest = setTimeout(() => call.resume(), waitMs).unref();
  };

  call.on("data", (bytes: Buffer) => {
    paced();
    guarded(() => received(bytes));
  });
  call.on("cancelled", () => over("the client went away"));
  call.on("close", () => over("the connection closed"));
  call.on("error", () => over("the connection broke"));
  call.on("end", () => {
    over("the client ended it");
    call.end();
  });
  return self;
};

const longestWait = 32;

const nobody: Node = { id: "", cluster: "", userAgent: "" };

const parsed = <T>(parse: () => T): T | undefined => {
  try {
    return parse();
  } catch {
    return undefined;
  }
};
