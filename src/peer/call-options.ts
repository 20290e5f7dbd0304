import { MAX_VARINT } from "../bytes/varint.ts";
import { badArgument } from "../errors.ts";
import type { Metadata } from "../frame/type.ts";
import type { Unit } from "./unit.ts";

/** Most times a request is repeated. */
const MAX_RETRIES = 10;

/** How a call is made; wherever an event name is taken, this is, too. It is never written to. */
export interface CallOptions {
  /** What to do: the name of the event. */
  readonly event: string;
  /** Which unit is to be called, instead of one that `balance` picks. */
  readonly unit?: Unit | undefined;
  /**
   * How the unit is picked, where one is called:
   *
   * - `"round-robin"`: each in turn. The default.
   * - `"random"`: any of them.
   * - `"least-pending"`: one with the fewest requests in flight, as {@link Unit.load} has it.
   * - `"ewma"`: of two at random the one that should answer sooner, by its {@link Unit.latency} and
   *   what it has in flight.
   * - `"hash"`: for the same `key` the same one, from every peer. One that leaves moves only its own
   *   keys.
   * - `"first"`: the one that has been there longest, for as long as it stays.
   *
   * @example
   * ```ts
   * import { Peer } from "troupe";
   *
   * await using hub = new Peer();
   * await hub.listen({ port: 0, host: "127.0.0.1" });
   * await using worker = new Peer({ name: "worker" });
   * worker.role("worker").onRequest("add", (ctx) => ctx.data);
   * await worker.connect(`ws://127.0.0.1:${hub.port}`);
   *
   * const workers = await hub.destination("worker").whenReady();
   * const { unit } = await workers.request({ event: "add", balance: "ewma" }, 1);
   * console.log(unit.name, unit.latency); // worker, and some milliseconds
   * ```
   */
  readonly balance?:
    | "round-robin"
    | "random"
    | "least-pending"
    | "ewma"
    | "hash"
    | "first"
    | undefined;
  /** What `balance: "hash"` picks by, for instance a user's name; without that it does nothing. */
  readonly key?: string | undefined;
  /** Text fields that travel beside the data: at most 32, keys of 255 bytes, values of 4,096. */
  readonly metadata?: Metadata | undefined;
}

/** How a request is made. */
export interface RequestOptions extends CallOptions {
  /** Milliseconds to wait for the answer; `Infinity` for ever. Default the peer's `timeouts.request`. */
  readonly timeout?: number | undefined;
  /** Cancels the request: it rejects with `CANCELLED`, and the handler's `ctx.signal` aborts. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How many more times it is sent at most, by itself, on another unit where there is one: 0 to 10,
   * default 2. What is repeated surely was not executed: `NOT_DELIVERED`, and `OVERLOADED`, `NO_ROLE`
   * or `ROLE_DISABLED` before any handler has seen it; with an `idempotencyKey` also
   * `OUTCOME_UNKNOWN`. All of that within its time, and as long as no more than about a fifth of the
   * requests of its destination are repeated.
   *
   * Data that is bytes as a whole is not copied, and so not repeated once it has left, unless this or
   * an `idempotencyKey` is named: then it is. Only for requests; surveys and streams ask once.
   *
   * @example
   * ```ts
   * import { Peer } from "troupe";
   *
   * await using hub = new Peer();
   * await hub.listen({ port: 0, host: "127.0.0.1" });
   * await using worker = new Peer();
   * worker.role("worker").onRequest("now", () => Date.now());
   * await worker.connect(`ws://127.0.0.1:${hub.port}`);
   *
   * const workers = await hub.destination("worker").whenReady();
   * await workers.request({ event: "now", retry: 0 }); // sent once, whatever happens
   * ```
   */
  readonly retry?: number | undefined;
  /**
   * Names this request among all of this peer's to the role and event: a text of 1 to 256 characters.
   * The unit that has executed it answers a repeat, by `retry` or by yourself, with the same answer and
   * does not execute it again, for 10 minutes as it is set by default. So it is repeated even when it is not
   * known whether it was executed. The handler sees it as `ctx.idempotencyKey`; its `ctx.signal` does
   * not abort, since whoever is gone may come back for the answer. A key with other data is
   * `BAD_ARGUMENT`. One of the 32 entries of the metadata is taken for it.
   *
   * Each unit has a memory of its own unless they share one: see {@link PeerOptions.idempotency}.
   *
   * @example
   * ```ts
   * import { Peer } from "troupe";
   *
   * await using bank = new Peer();
   * let balance = 100;
   * bank.role("bank").onRequest<number>("withdraw", (ctx) => (balance -= ctx.data));
   * await bank.listen({ port: 0, host: "127.0.0.1" });
   *
   * await using till = new Peer();
   * await till.connect(`ws://127.0.0.1:${bank.port}`);
   * const target = { event: "withdraw", idempotencyKey: "order 42" };
   * for (let i = 0; i < 3; i++) await till.destination("bank").request(target, 30);
   * console.log(balance); // 70
   * ```
   */
  readonly idempotencyKey?: string | undefined;
}

/**
 * Both forms of a call's first argument as one.
 *
 * @throws TroupeError `BAD_ARGUMENT` when there is no event in it
 */
export function callOptions<T extends CallOptions>(target: string | T): T | CallOptions {
  const options = typeof target === "string" ? { event: target } : target;
  if (typeof options !== "object" || options === null || typeof options.event !== "string") {
    throw badArgument("name an event: a text, or { event: text, ... }");
  }
  return options;
}

/** @throws TroupeError `BAD_ARGUMENT` unless it is a number above 0 */
export function checkTimeout(timeout: number): number {
  if (typeof timeout === "number" && timeout > 0) return timeout;
  throw badArgument(`timeout must be a number of milliseconds above 0, not ${String(timeout)}`);
}

/** @throws TroupeError `BAD_ARGUMENT` unless it is an integer from 0 to 10 */
export function checkRetry(retry: number): number {
  if (Number.isInteger(retry) && retry >= 0 && retry <= MAX_RETRIES) return retry;
  throw badArgument(`retry must be an integer from 0 to ${MAX_RETRIES}, not ${String(retry)}`);
}

/** @internal A timeout as it travels: whole milliseconds, 0 for without end. */
export const deadlineOf = (timeout: number): number =>
  Number.isFinite(timeout) ? Math.min(Math.ceil(timeout), MAX_VARINT) : 0;
