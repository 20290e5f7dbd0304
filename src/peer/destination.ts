import {
  type DuplexEnd,
  duplexEnd,
  type ReadableEnd,
  readableEnd,
  type WritableEnd,
  writableEnd,
} from "#streams";
import { Emitter } from "../async/emitter.ts";
import type { StreamKind, StreamUser } from "../connection/stream.ts";
import { TroupeError, toTroupeError } from "../errors.ts";
import { encodePayload } from "../frame/payload.ts";
import type { Name } from "../frame/type.ts";
import { type Allowed, checkAllow } from "./allow.ts";
import { Balancer } from "./balancer.ts";
import { broadcastTo } from "./broadcast.ts";
import {
  type CallOptions,
  callOptions,
  checkTimeout,
  type RequestOptions,
} from "./call-options.ts";
import { type DoneCallback, type OutcomeCallback, tellEach, tellSent } from "./callback.ts";
import type { Context } from "./context.ts";
import type { DestinationEvents, DestinationOptions, WaitOptions } from "./destination-options.ts";
import { checkEjection } from "./ejection-options.ts";
import type { Logger } from "./options.ts";
import { repeatable } from "./repeatable.ts";
import { once, type Question, type RequestDesk } from "./request.ts";
import { type Repeatable, Retries } from "./retry.ts";
import type { Roster } from "./roster.ts";
import type { StreamDesk, StreamOptions } from "./stream-desk.ts";
import { Survey } from "./survey.ts";
import type { Unit } from "./unit.ts";
import { Waiters } from "./waiters.ts";

/**
 * A role played elsewhere: all units that play it, called in turn unless a call says otherwise. Made by
 * {@link Peer.destination}.
 *
 * @example
 * ```ts
 * import { Peer } from "troupe";
 *
 * const server = new Peer();
 * server.role("sum").onRequest<number[]>("add", (ctx) => ctx.data.reduce((a, b) => a + b, 0));
 * await server.listen({ port: 0, host: "127.0.0.1" });
 *
 * const client = new Peer();
 * await client.connect(`ws://127.0.0.1:${server.port}`);
 * const { data } = await client.destination("sum").request<number>("add", [1, 2, 3]);
 * console.log(data); // 6
 *
 * await client.close();
 * await server.close();
 * ```
 */
export class Destination extends Emitter<DestinationEvents> {
  /** The role's name. */
  readonly name: string;
  readonly #units: Balancer;
  readonly #trusts: Allowed;
  readonly #roster: Roster;
  readonly #desk: RequestDesk;
  readonly #streams: StreamDesk;
  readonly #waiting = new Waiters();
  readonly #retries: Retries;

  /** @internal */
  constructor(
    name: string,
    options: DestinationOptions,
    roster: Roster,
    desk: RequestDesk,
    streams: StreamDesk,
    logger?: Pick<Logger, "warn">,
  ) {
    super();
    this.name = name;
    this.#trusts = checkAllow(`destination "${name}": providers`, options.providers);
    this.#desk = desk;
    this.#streams = streams;
    const rules = checkEjection(`destination "${name}": ejection`, options.ejection);
    this.#units = new Balancer(rules, desk.clock, {
      ejected: (unit, error, wait) => {
        const time = `for ${Math.ceil(wait)} ms`;
        logger?.warn(`destination "${name}": ${unit.label} is set aside ${time}`, error);
        this.emit("eject", unit, error);
      },
      restored: (unit) => this.emit("restore", unit),
    });
    this.#retries = new Retries(
      {
        another: (question, tried) => this.#another(question, tried),
        has: (unit) => this.#units.has(unit),
      },
      desk.clock,
    );
    this.#roster = roster;
    roster.watch(name, {
      joined: (unit) => this.#joined(unit),
      left: (unit) => this.#left(unit),
      suspended: (unit) => this.#units.suspend(unit),
      resumed: (unit) => this.#units.resume(unit),
      closed: () => {
        this.#waiting.reject(peerClosed());
        this.#retries.close();
      },
    });
  }

  /** @internal What is named in `options` counts from now on. */
  configure({ ejection }: DestinationOptions): void {
    if (ejection === undefined) return;
    this.#units.ejection.configure(checkEjection(`destination "${this.name}": ejection`, ejection));
  }

  /** Units that play the role now, those set aside included. */
  get units(): Unit[] {
    return [...this.#units.all];
  }

  /** Those units that are set aside, as {@link DestinationOptions.ejection} has it: no call picks them. */
  get ejected(): Unit[] {
    return [...this.#units.aside];
  }

  /** Whether there is a unit to call. */
  get ready(): boolean {
    return this.#units.size > 0;
  }

  /**
   * Resolves as soon as there is a unit to call.
   *
   * @throws TroupeError `TIMEOUT`, `CANCELLED`, or `CLOSED` when the peer is closed (rejects)
   * @example
   * ```ts
   * import { Peer, TroupeError } from "troupe";
   *
   * await using peer = new Peer();
   * try {
   *   await peer.destination("printer").whenReady({ timeout: 50 });
   * } catch (error) {
   *   if (error instanceof TroupeError) console.log(error.code); // TIMEOUT: nobody plays it
   * }
   * ```
   */
  async whenReady(options: WaitOptions = {}): Promise<this> {
    checkTimeout(options.timeout ?? Number.POSITIVE_INFINITY);
    if (this.ready) return this;
    if (this.#roster.closed) throw peerClosed();
    await this.#waiting.wait(this.#desk.clock, options, (...why) => this.#error(...why));
    return this;
  }

  /**
   * Sends a one-way message to one unit, the next in turn unless options say otherwise. That it was
   * sent does not say that it arrived.
   *
   * @param callback - hears when it has left for the network, or why not; then nothing is thrown
   * @returns the unit, or `undefined` when there is none, or the one that was named is gone
   * @throws TroupeError `BAD_PAYLOAD`, `BAD_ARGUMENT`, or `OVERLOADED` when too much waits to be sent
   */
  send(
    target: string | CallOptions,
    data?: unknown,
    callback?: DoneCallback | null,
  ): Unit | undefined {
    if (callback !== undefined && callback !== null) return this.#sendFor(callback, target, data);
    const options = callOptions(target);
    const payload = encodePayload(data);
    if (options.unit !== undefined && !this.#units.has(options.unit)) return undefined;
    const unit = this.#choose(options, false);
    unit?.send(this.#name(options.event), options.metadata, payload);
    return unit;
  }

  /**
   * Sends a one-way message to every unit.
   *
   * @returns the units it was sent to. One that has too much waiting to be sent is left out.
   * @throws TroupeError `BAD_PAYLOAD`, `BAD_ARGUMENT`
   * @example
   * ```ts
   * import { Peer } from "troupe";
   *
   * await using screen = new Peer({ name: "screen" });
   * const shown = new Promise((resolve) => {
   *   screen.role("screen").onMessage("show", (ctx) => resolve(ctx.data));
   * });
   * await screen.listen({ port: 0, host: "127.0.0.1" });
   *
   * await using hub = new Peer();
   * await hub.connect(`ws://127.0.0.1:${screen.port}`);
   * const units = hub.destination("screen").broadcast("show", "lunch at noon");
   * console.log(units.length, await shown); // 1 lunch at noon
   * ```
   */
  broadcast(target: string | CallOptions, data?: unknown): Unit[] {
    const options = callOptions(target);
    return broadcastTo(
      this.#units.all,
      this.#name(options.event),
      options.metadata,
      encodePayload(data),
    );
  }

  /** Asks one unit, and tells a callback what became of it instead of giving a promise; nothing is thrown. */
  request<Data = unknown>(
    target: string | RequestOptions,
    data: unknown,
    callback: OutcomeCallback<Data>,
  ): void;
  /**
   * Asks one unit, the next in turn unless options say otherwise; and another one when it surely was not
   * executed there, as `retry` among the options has it.
   *
   * @returns the answer's context: its `data`, and who gave it
   * @throws TroupeError (rejects) `NO_UNITS` `NO_ROLE` `NO_EVENT` `ROLE_DISABLED` `REJECTED` `TIMEOUT`
   *   `CANCELLED` `NOT_DELIVERED` `OUTCOME_UNKNOWN` `NOT_ALLOWED` `OVERLOADED` `BAD_PAYLOAD`
   *   `BAD_ARGUMENT`, and `CLOSED` when this peer closes the connection
   * @example
   * ```ts
   * import { Peer, TroupeError } from "troupe";
   *
   * await using server = new Peer();
   * server.role("oracle").onRequest("ask", () => new Promise(() => {})); // thinks for ever
   * await server.listen({ port: 0, host: "127.0.0.1" });
   *
   * await using client = new Peer();
   * await client.connect(`ws://127.0.0.1:${server.port}`);
   * const signal = AbortSignal.timeout(50); // or of an AbortController
   * try {
   *   await client.destination("oracle").request({ event: "ask", signal }, "why?");
   * } catch (error) {
   *   if (error instanceof TroupeError) console.log(error.code); // CANCELLED
   * }
   * ```
   */
  request<Data = unknown>(target: string | RequestOptions, data?: unknown): Promise<Context<Data>>;
  request<Data = unknown>(
    target: string | RequestOptions,
    data?: unknown,
    callback?: OutcomeCallback<Data> | null,
  ): Promise<Context<Data>> | undefined {
    if (callback !== undefined && callback !== null) {
      this.#askFor(callback, target, data, "one");
      return undefined;
    }
    try {
      const options: RequestOptions = callOptions(target);
      const question = this.#repeatable(options, data);
      const unit = this.#choose(options, true);
      return unit === undefined ? Promise.reject(this.#noUnits()) : this.#desk.ask(unit, question);
    } catch (thrown) {
      return Promise.reject(toTroupeError(thrown, "BAD_ARGUMENT", "the request cannot be made"));
    }
  }

  /**
   * Asks every unit at once, and tells a callback once a unit what became of it; nothing is thrown.
   *
   * @returns how many units were asked. With none, the callback is not called; when nobody can be asked
   *   because of an error, it is told that once.
   */
  survey<Data = unknown>(
    target: string | RequestOptions,
    data: unknown,
    callback: OutcomeCallback<Data>,
  ): number;
  /**
   * Asks every unit at once. Iterate over what comes back, in the order in which it comes; leaving the
   * loop cancels what is still out.
   *
   * @throws TroupeError `NO_UNITS` `BAD_PAYLOAD` `BAD_ARGUMENT`
   * @example
   * ```ts
   * import { Peer } from "troupe";
   *
   * const hub = new Peer();
   * await hub.listen({ port: 0, host: "127.0.0.1" });
   * const worker = new Peer({ name: "worker" });
   * worker.role("worker").onRequest("load", () => 0.5);
   * await worker.connect(`ws://127.0.0.1:${hub.port}`);
   * await hub.destination("worker").whenReady();
   *
   * const survey = hub.destination("worker").survey<number>({ event: "load", timeout: 1000 });
   * for await (const item of survey) {
   *   if (item.error === undefined) console.log(item.unit.name, item.data);
   * }
   * console.log(`${survey.missing.length} stayed silent`);
   *
   * await worker.close();
   * await hub.close();
   * ```
   */
  survey<Data = unknown>(target: string | RequestOptions, data?: unknown): Survey<Data>;
  survey<Data = unknown>(
    target: string | RequestOptions,
    data?: unknown,
    callback?: OutcomeCallback<Data> | null,
  ): Survey<Data> | number {
    if (callback !== undefined && callback !== null) {
      return this.#askFor(callback, target, data, "all");
    }
    const options: RequestOptions = callOptions(target);
    const question = once(this.#repeatable(options, data));
    const units = this.#all(options);
    if (units.length === 0) throw this.#noUnits();
    const ask = (unit: Unit, signal: AbortSignal): Promise<Context<Data>> =>
      this.#desk.ask(unit, { ...question, signal });
    return new Survey(units, ask, options.signal);
  }

  /**
   * Opens a stream that this side reads: `onWritable` handles it at the next unit in turn.
   *
   * @param data - told to the handler
   * @returns the stream, at once: a Readable of Node's, in browsers a ReadableStream. It fails with
   *   what the handler throws, `TIMEOUT` when it is not taken in time, `DISCONNECTED` with the
   *   connection, `CANCELLED` when `signal` aborts or the writer gives it up, and as requests do
   * @throws TroupeError `NO_UNITS` `OVERLOADED` `BAD_PAYLOAD` `BAD_ARGUMENT`
   * @example
   * ```ts
   * import { Peer } from "troupe";
   *
   * await using server = new Peer();
   * server.role("clock").onWritable<number>("ticks", async (ctx) => {
   *   for (let i = 1; i <= ctx.data; i++) ctx.writable.write(`tick ${i}\n`);
   *   ctx.writable.end();
   * });
   * await server.listen({ port: 0, host: "127.0.0.1" });
   *
   * await using client = new Peer();
   * await client.connect(`ws://127.0.0.1:${server.port}`);
   * for await (const chunk of client.destination("clock").readable("ticks", 3)) {
   *   console.log(String(chunk)); // tick 1, tick 2, tick 3
   * }
   * ```
   */
  readable(
    target: string | RequestOptions,
    data?: unknown,
    options: StreamOptions = {},
  ): ReadableEnd {
    const { stream, user } = readableEnd(options);
    this.#open("readable", target, data, options, user);
    return stream;
  }

  /**
   * Opens a stream that this side writes: `onReadable` handles it at the next unit in turn. What is
   * written before it is taken waits. Otherwise as {@link Destination.readable}.
   *
   * @throws TroupeError `NO_UNITS` `OVERLOADED` `BAD_PAYLOAD` `BAD_ARGUMENT`
   * @example
   * ```ts
   * import { Readable } from "node:stream";
   * import { pipeline } from "node:stream/promises";
   * import { Peer } from "troupe";
   *
   * await using server = new Peer();
   * const stored = new Promise<number>((resolve) => {
   *   server.role("store").onReadable("put", async (ctx) => {
   *     let bytes = 0;
   *     for await (const chunk of ctx.readable) bytes += chunk.length;
   *     resolve(bytes);
   *   });
   * });
   * await server.listen({ port: 0, host: "127.0.0.1" });
   *
   * await using client = new Peer();
   * await client.connect(`ws://127.0.0.1:${server.port}`);
   * const source = Readable.from([Buffer.alloc(1_000_000), "and some text"]);
   * await pipeline(source, client.destination("store").writable("put", { name: "blob" }));
   * console.log(`${await stored} bytes are stored`);
   * ```
   */
  writable(
    target: string | RequestOptions,
    data?: unknown,
    options: StreamOptions = {},
  ): WritableEnd {
    const { stream, user } = writableEnd(options);
    this.#open("writable", target, data, options, user);
    return stream;
  }

  /**
   * Opens a stream that both sides read and write: `onDuplex` handles it at the next unit in turn. Each
   * direction ends by itself. Otherwise as {@link Destination.readable}.
   *
   * @throws TroupeError `NO_UNITS` `OVERLOADED` `BAD_PAYLOAD` `BAD_ARGUMENT`
   * @example
   * ```ts
   * import { pipeline } from "node:stream/promises";
   * import { createGzip } from "node:zlib";
   * import { Peer } from "troupe";
   *
   * await using server = new Peer();
   * server.role("gzip").onDuplex("pack", (ctx) => pipeline(ctx.duplex, createGzip(), ctx.duplex));
   * await server.listen({ port: 0, host: "127.0.0.1" });
   *
   * await using client = new Peer();
   * await client.connect(`ws://127.0.0.1:${server.port}`);
   * const packing = client.destination("gzip").duplex("pack");
   * packing.end("long ".repeat(1000));
   * let bytes = 0;
   * for await (const chunk of packing) bytes += chunk.length;
   * console.log(`5000 bytes became ${bytes}`);
   * ```
   */
  duplex(target: string | RequestOptions, data?: unknown, options: StreamOptions = {}): DuplexEnd {
    const { stream, user } = duplexEnd(options);
    this.#open("duplex", target, data, options, user);
    return stream;
  }

  /** The same as {@link Destination.readable}. */
  Readable(target: string | RequestOptions, data?: unknown, options?: StreamOptions): ReadableEnd {
    return this.readable(target, data, options);
  }

  /** The same as {@link Destination.writable}. */
  Writable(target: string | RequestOptions, data?: unknown, options?: StreamOptions): WritableEnd {
    return this.writable(target, data, options);
  }

  #open(
    kind: StreamKind,
    target: string | RequestOptions,
    data: unknown,
    { onAccept }: StreamOptions,
    user: StreamUser,
  ): void {
    const options: RequestOptions = callOptions(target);
    const question = this.#question(options, data);
    const unit = this.#choose(options, true);
    if (unit === undefined) throw this.#noUnits();
    this.#streams.open(unit, kind, question, user, onAccept);
  }

  // Callback forms stand apart: a closure in send() or request() would cost every call.
  #sendFor(callback: DoneCallback, target: string | CallOptions, data: unknown): Unit | undefined {
    const send = (): Unit | undefined => this.send(target, data);
    return tellSent(callback, send, () => this.#noUnits(), this.#desk.clock);
  }

  /** @returns how many are asked; the callback is called once for each, or once when nobody can be */
  #askFor<Data>(
    callback: OutcomeCallback<Data>,
    target: string | RequestOptions,
    data: unknown,
    whom: "one" | "all",
  ): number {
    return tellEach(callback, this.#desk, () => {
      const options: RequestOptions = callOptions(target);
      const question = this.#repeatable(options, data);
      if (whom === "all") return { question: once(question), units: this.#all(options) };
      const unit = this.#choose(options, true);
      if (unit === undefined) throw this.#noUnits();
      return { question, units: [unit] };
    });
  }

  #all({ unit }: RequestOptions): readonly Unit[] {
    return unit === undefined ? [...this.#units.all] : [this.#member(unit)];
  }

  #question({ event, metadata, timeout, signal }: RequestOptions, data: unknown): Question {
    if (timeout !== undefined) checkTimeout(timeout);
    const name = this.#name(event);
    const payload = encodePayload(data);
    return { name, metadata, payload, timeout, signal, ejection: this.#units.ejection };
  }

  #repeatable(options: RequestOptions, data: unknown): Question {
    const { ejection } = this.#units;
    return repeatable(this.#name(options.event), options, data, ejection, this.#retries);
  }

  /** Another unit than these: as the options of the request say, or else whoever is there. */
  #another(question: Repeatable, tried: readonly Unit[]): Unit | undefined {
    const { all, aside } = this.#units;
    const { name, balance, key } = question;
    for (let i = 0; i < all.length; i++) {
      const unit = this.#units.pick({ event: name.event, balance, key }, true);
      if (unit !== undefined && !tried.includes(unit)) return unit;
      // Those that go by turns or by chance have another one next; the others do not.
      if (balance === "hash" || balance === "first") break;
    }
    const others = all.filter((unit) => !tried.includes(unit));
    return others.find((unit) => !aside.has(unit)) ?? others[0];
  }

  #name(event: string): Name {
    return { role: this.name, event };
  }

  /**
   * The unit for a call: the one it names, or the one that its strategy picks.
   *
   * @param telling - as {@link Balancer.pick}
   */
  #choose(options: CallOptions, telling: boolean): Unit | undefined {
    if (options.unit !== undefined) return this.#member(options.unit);
    return this.#units.pick(options, telling);
  }

  #member(unit: Unit): Unit {
    if (this.#units.has(unit)) return unit;
    throw this.#error("NO_UNITS", `${unit.label} does not play it, or is gone`);
  }

  #joined(unit: Unit): void {
    if (!this.#trusts(unit.id) || this.#units.has(unit)) return;
    this.#units.add(unit);
    this.#waiting.resolve();
    if (this.#units.size === 1) this.emit("open");
    this.emit("unit", unit);
  }

  #left(unit: Unit): void {
    // Not asked again whether it is trusted: whoever was let in has to leave.
    if (!this.#units.has(unit)) return;
    this.#units.remove(unit);
    if (!this.ready) this.emit("close");
  }

  #noUnits(): TroupeError {
    if (this.#roster.closed) return peerClosed();
    return this.#error(
      "NO_UNITS",
      "no connected unit plays it; connect to one, or await destination.whenReady()",
    );
  }

  #error(code: "CANCELLED" | "NO_UNITS" | "TIMEOUT", what: string, cause?: unknown): TroupeError {
    return new TroupeError(code, `destination "${this.name}": ${what}`, { cause });
  }
}

export const peerClosed = (): TroupeError =>
  new TroupeError("CLOSED", "this peer is closed; make a new one");
