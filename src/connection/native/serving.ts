import type { Clock } from "../../async/clock.ts";
import { broken, TroupeError } from "../../errors.ts";
import { NOTHING, type Payload } from "../../frame/payload.ts";
import type { Metadata, Name } from "../../frame/type.ts";
import type { IncomingRequest } from "../connection.ts";
import { Awaited } from "./awaited.ts";

/** How answers leave. */
export interface Replies {
  response(correlation: number, payload: Payload): void;
  reject(correlation: number, code: string, message: string, details: Payload): void;
}

/** Whose requests are served. */
export interface ServingHost {
  /** A request has its answer. */
  settled(): void;
}

/** A request of the other side, until its one answer. */
class ServedRequest extends Awaited implements IncomingRequest {
  readonly name: Name;
  readonly metadata: Metadata | undefined;
  readonly payload: Payload;
  readonly #correlation: number;
  #replies: Replies | undefined;

  constructor(
    correlation: number,
    name: Name,
    deadline: number,
    metadata: Metadata | undefined,
    payload: Payload,
    replies: Replies,
    clock: Clock,
  ) {
    super(deadline, clock);
    this.#correlation = correlation;
    this.name = name;
    this.metadata = metadata;
    this.payload = payload;
    this.#replies = replies;
  }

  answer(payload: Payload): void {
    const replies = this.#replies;
    this.#replies = undefined;
    replies?.response(this.#correlation, payload);
  }

  reject(code: string, message: string, details: Payload): void {
    const replies = this.#replies;
    this.#replies = undefined;
    replies?.reject(this.#correlation, code, message, details);
  }

  /** The caller gave up: it gets its one answer now, whatever the handler does later. */
  cancel(): void {
    this.reject("CANCELLED", "the caller gave up", NOTHING);
    this.abandoned(new TroupeError("CANCELLED", "the caller gave up"));
  }

  /** The caller is gone: nobody is there to be answered. */
  drop(reason: TroupeError): void {
    this.#replies = undefined;
    this.abandoned(reason);
  }
}

/** The other side's requests that have no answer yet. Each leaves the table with its answer. */
export class Serving implements Replies {
  readonly #requests: (ServedRequest | undefined)[] = [];
  #size = 0;
  readonly #replies: Replies;
  readonly #host: ServingHost;
  readonly #limit: number;
  readonly #clock: Clock;

  /**
   * @param limit - requests the other side may have in flight
   */
  constructor(replies: Replies, host: ServingHost, limit: number, clock: Clock) {
    this.#replies = replies;
    this.#host = host;
    this.#limit = limit;
    this.#clock = clock;
  }

  get size(): number {
    return this.#size;
  }

  /** @throws TroupeError `PROTOCOL` for a number that is in use, `LIMIT` for one request too many */
  add(
    correlation: number,
    name: Name,
    deadline: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): IncomingRequest {
    if (this.#requests[correlation] !== undefined) {
      throw broken(`request ${correlation} was asked twice`);
    }
    if (correlation >= this.#limit) {
      throw new TroupeError(
        "LIMIT",
        `more than ${this.#limit} requests in flight on one connection`,
      );
    }
    const request = new ServedRequest(
      correlation,
      name,
      deadline,
      metadata,
      payload,
      this,
      this.#clock,
    );
    while (this.#requests.length < correlation) this.#requests.push(undefined);
    this.#requests[correlation] = request;
    this.#size++;
    return request;
  }

  /** Ignores a number that is answered already: answer and cancel have crossed. */
  cancel(correlation: number): void {
    this.#requests[correlation]?.cancel();
  }

  response(correlation: number, payload: Payload): void {
    this.#leave(correlation);
    this.#replies.response(correlation, payload);
    this.#host.settled();
  }

  reject(correlation: number, code: string, message: string, details: Payload): void {
    this.#leave(correlation);
    this.#replies.reject(correlation, code, message, details);
    this.#host.settled();
  }

  /** Tells all handlers that nobody waits for them any more. */
  clear(reason: TroupeError): void {
    const requests = this.#requests.splice(0);
    this.#size = 0;
    for (const request of requests) request?.drop(reason);
  }

  #leave(correlation: number): void {
    if (this.#requests[correlation] === undefined) return;
    this.#requests[correlation] = undefined;
    this.#size--;
  }
}
