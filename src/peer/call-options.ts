import { MAX_VARINT } from "../bytes/varint.ts";
import { badArgument } from "../errors.ts";
import type { Metadata } from "../frame/type.ts";
import type { Unit } from "./unit.ts";

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

/** @internal A timeout as it travels: whole milliseconds, 0 for without end. */
export const deadlineOf = (timeout: number): number =>
  Number.isFinite(timeout) ? Math.min(Math.ceil(timeout), MAX_VARINT) : 0;
