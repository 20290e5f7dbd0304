import { Expiring } from "../async/deadlines.ts";
import type { TroupeError } from "../errors.ts";
import type { Payload } from "../frame/payload.ts";
import type { Metadata, Name, RoleState } from "../frame/type.ts";
import type { Awaiting } from "./awaiting.ts";
import type { IncomingStream, Opening, StreamEnd, StreamKind, StreamUser } from "./stream.ts";

/** Most characters of one text in an introduction. */
export const MAX_INTRODUCED_TEXT = 255;
/** Most entries of one list or map in it. */
export const MAX_INTRODUCED_ENTRIES = 64;

/** What a peer tells about itself beside its roles. */
export interface Introduction {
  /** A name for people. */
  readonly name: string;
  /** Whether it wants to be told of others. */
  readonly friendly: boolean;
  /** Where it can be dialled, as far as it knows. */
  readonly addresses: readonly string[];
  /** Text fields of its user's. */
  readonly tags: Readonly<Record<string, string>>;
  /** What it tells about its process. */
  readonly meta: Readonly<Record<string, unknown>>;
}

/** The peer at the other end, once it is authenticated and has introduced itself. */
export interface RemotePeer extends Introduction {
  /** Its public key in hex. */
  readonly id: string;
  /** Random, of this run of its process: two processes may share an identity. */
  readonly instance: string;
  /** The pre-shared key id both sides have proved, if any. */
  readonly keyId: string | undefined;
}

/** How a connection is named by its dialer that is to go on by another channel. */
export interface Resumption {
  /** Random, of 128 bits, in hex. */
  readonly name: string;
  /** Records of the other side's that have come. */
  readonly records: number;
}

/** All roles of a peer, numbered so that an old list never wins. */
export interface RoleList {
  readonly number: number;
  readonly roles: readonly RoleState[];
}

/** The caller's side of a request: settled exactly once, by an answer, a failure or its deadline. */
export abstract class Call extends Expiring {
  /** @internal The connection's number for it. */
  correlation = -1;
  /** @internal The number of the record that it leaves with. */
  record = -1;

  /** The answer. */
  abstract answer(payload: Payload): void;
  /** There will be no answer. */
  abstract fail(error: TroupeError): void;
}

/** The serving side of a request. The first of `answer` and `reject` counts, and is ignored after a cancel. */
export interface IncomingRequest extends Awaiting {
  readonly name: Name;
  readonly metadata: Metadata | undefined;
  readonly payload: Payload;
  /** Aborted when the caller cancels, its time is over, or it is gone. Made when first asked for. */
  readonly signal: AbortSignal;
  answer(payload: Payload): void;
  reject(code: string, message: string, details: Payload): void;
}

/** Who uses a connection: what it hears, in the order of the wire. None of these may throw. */
export interface ConnectionOwner {
  /**
   * It is open: both sides have introduced themselves. `roles` are the other side's, `told` is the
   * number of the role list that was sent. What follows comes only after this.
   */
  opened(connection: Connection, roles: RoleList, told: number): void;
  /** It has ended without ever being open. */
  failed(reason: TroupeError): void;
  message(name: Name, metadata: Metadata | undefined, payload: Payload): void;
  request(request: IncomingRequest): void;
  /** The other side wants to open a stream. */
  stream(stream: IncomingStream): void;
  /** The other side's roles have changed: these are all, or now stand for their names. */
  roles(list: RoleList, full: boolean): void;
  /** The other side wants no new work. */
  draining(): void;
  /** It is congested no more. */
  drained(): void;
  /** The last request, answer or stream in flight is done. */
  idle(): void;
  /** It was open and has lost its channel: it waits for another one. May be told several times. */
  suspended(reason: TroupeError): void;
  /** It has another channel. */
  resumed(): void;
  /** The channel goes on with a connection that was there before: all else is told to that one's owner. */
  joined(): void;
  /** It was open and has ended; all calls have been failed before. */
  closed(reason: TroupeError): void;
  /** A channel of it is closed, whether it was ever open or not. */
  gone(): void;
}

/** A dialect spoken over a channel: all that Peer and Unit know of the wire. */
export interface Connection {
  /** Who is at the other end. */
  readonly remote: RemotePeer;
  /** The other end of the channel, for people and logs. */
  readonly remoteAddress: string;
  /** Whether this side opened it. */
  readonly dialed: boolean;
  /** False from the first sign of its end. */
  readonly open: boolean;
  /** Whether it has lost its channel and waits for another one: what is sent leaves when that is there. */
  readonly suspended: boolean;
  /** @internal How it is named to be resumed; `undefined` when it ends with its channel. */
  readonly resumption: Resumption | undefined;
  /** Requests in flight and open streams, both ways: how busy it is. */
  readonly load: number;
  /** Bytes waiting to be sent. */
  readonly buffered: number;
  /** Whether so much waits that whoever can wait should, until its owner hears `drained`. */
  readonly congested: boolean;
  /** Smoothed round-trip time in milliseconds; `undefined` until measured. */
  readonly rtt: number | undefined;

  /**
   * @internal
   * @throws TroupeError `BAD_ARGUMENT`, `BAD_PAYLOAD`, `OVERLOADED` when it cannot be sent
   */
  send(name: Name, metadata: Metadata | undefined, payload: Payload): void;
  /**
   * @internal As `send`, and `NOT_DELIVERED` when it is over; `deadline` in milliseconds, 0 for none.
   * Does not start the call's time.
   */
  request(
    call: Call,
    name: Name,
    deadline: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): void;
  /** @internal The caller gave up: the other side is told; the call will not be settled by this connection. */
  cancel(call: Call): void;
  /** @internal Asks for a stream; `deadline` as for requests. Throws as `send` does. */
  stream(
    opening: Opening,
    user: StreamUser,
    kind: StreamKind,
    name: Name,
    deadline: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): StreamEnd;
  /** @internal Tells roles: all, or those that changed. */
  announce(list: RoleList, full: boolean): void;
  /** @internal Asks the other side for no new work. Its owner hears `idle` when the other side knows. */
  drain(): void;
  /** @internal Whether the other side knows that we want no new work: none is on its way any more. */
  readonly drainKnown: boolean;
  /** Says goodbye with a reason and ends. */
  close(reason: TroupeError): void;
  /** Ends at once. */
  abort(reason: TroupeError): void;
}
