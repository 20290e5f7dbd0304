import type { IncomingRequest } from "../connection/connection.ts";
import type { DataType, Payload } from "../frame/payload.ts";
import type { Metadata } from "../frame/type.ts";
import type { Unit } from "./unit.ts";

const NONE: Metadata = Object.freeze({});

/** Who waits for what a handler answers. */
type Waiting = Pick<IncomingRequest, "signal" | "timeLeft"> & {
  /** Only of those that carry one. */
  readonly idempotencyKey?: string;
};

/** What came over the wire, untouched by middleware. */
export interface Origin {
  /** The payload's bytes. */
  readonly raw: Uint8Array;
  /** What they stand for. */
  readonly type: DataType;
}

/**
 * What a handler gets, and what a request resolves to: data, where it comes from, and what became
 * of it so far.
 *
 * @example
 * ```ts
 * import { Peer } from "troupe";
 *
 * const peer = new Peer();
 * peer.role("greeter").onRequest<string>("hello", (ctx) => {
 *   ctx.signal.throwIfAborted();
 *   return `Hello, ${ctx.data}! You are ${ctx.unit.name}.`;
 * });
 * ```
 */
export class Context<Data = unknown> {
  /** The data. Middleware may replace it. Binary data is a view of the received record: copy what is to live long. */
  data: Data;
  /** What kind of data. Middleware may replace it. */
  type: DataType;
  /** Who sent it. */
  readonly unit: Unit;
  /** The role it is for; of an answer, the role that answered. */
  readonly role: string;
  /** The event it is for. */
  readonly event: string;
  /** Text fields that travelled beside the data, such as trace context. */
  readonly metadata: Metadata;
  /** Of an answer: milliseconds from the request to it. */
  readonly rtt: number | undefined;
  /** What a request is answered with; middleware may replace it after `await ctx.next()`. */
  response: unknown;
  /** What a request fails with, if anything; middleware may replace it after `await ctx.next()`. */
  error: unknown;
  readonly #payload: Payload;
  readonly #request: Waiting | undefined;
  #advance: (() => Promise<void>) | undefined;

  /** @internal */
  constructor(
    unit: Unit,
    role: string,
    event: string,
    metadata: Metadata | undefined,
    payload: Payload,
    data: Data,
    rtt?: number,
    request?: Waiting,
  ) {
    this.unit = unit;
    this.role = role;
    this.event = event;
    this.metadata = metadata ?? NONE;
    this.data = data;
    this.type = payload.type;
    this.rtt = rtt;
    this.#payload = payload;
    this.#request = request;
  }

  /** The payload as it came. */
  get origin(): Origin {
    return { raw: this.#payload.bytes, type: this.#payload.type };
  }

  /**
   * Of a request with one: the key its caller named it by, see `idempotencyKey` of
   * {@link RequestOptions}. It is the caller's alone: two callers may take the same one.
   */
  get idempotencyKey(): string | undefined {
    return this.#request?.idempotencyKey;
  }

  /**
   * Of a request or a stream: aborted as soon as nobody waits for the answer any more, because the caller
   * cancelled, its time is over, or it is gone; of a stream, also later, when it fails. Never aborted
   * otherwise, nor of a request with an `idempotencyKey`, whose answer is remembered.
   */
  get signal(): AbortSignal {
    return this.#request?.signal ?? new AbortController().signal;
  }

  /** Of a request: when its caller stops waiting, in milliseconds of `Date.now()`; `undefined` for never. */
  get deadline(): number | undefined {
    const left = this.#request?.timeLeft;
    return left === undefined ? undefined : Date.now() + left;
  }

  /**
   * In middleware: runs what comes after it, and resolves once there is an answer, whether data or
   * error; `response` and `error` may be replaced then. Call it at most once.
   */
  next(): Promise<void> {
    return this.#advance?.() ?? Promise.resolve();
  }

  /** @internal For the chain that runs this context. */
  advanceBy(advance: () => Promise<void>): void {
    this.#advance = advance;
  }
}
