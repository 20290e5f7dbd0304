import type { RoleState } from "../frame/type.ts";
import { Admission, type RoleLoad } from "./admission.ts";
import type { AdmissionOptions } from "./admission-options.ts";
import { type Allow, type Allowed, checkAllow } from "./allow.ts";
import {
  type DuplexHandler,
  type Handler,
  Handlers,
  type MessageHandler,
  type ReadableHandler,
  type RequestHandler,
  type WritableHandler,
} from "./handlers.ts";
import { isVisible } from "./role-name.ts";

/** How a role is made. */
export interface RoleOptions extends AdmissionOptions {
  /** Whether it takes calls from the start. Default true. */
  readonly active?: boolean | undefined;
  /** Who may call it: public keys, or a function. Default everybody who may connect. */
  readonly allow?: Allow | undefined;
}

/**
 * A named service on this peer. Made by {@link Peer.role}.
 *
 * @example
 * ```ts
 * import { Peer } from "troupe";
 *
 * const peer = new Peer();
 * const counter = peer.role("counter");
 * let count = 0;
 * counter.onMessage("add", (ctx) => void (count += Number(ctx.data)));
 * counter.onRequest("count", () => count);
 * counter.disable(); // no unit sees it any more
 * counter.enable();
 * ```
 */
export class Role {
  /** What units ask for. */
  readonly name: string;
  /** @internal */
  readonly handlers: Handlers = new Handlers();
  /** @internal */
  readonly admission: Admission;
  #allows: Allowed;
  readonly #changed: (role: Role) => void;
  #active: boolean;

  /**
   * @internal
   * @throws TroupeError `BAD_ARGUMENT` for options that cannot be
   */
  constructor(name: string, options: RoleOptions, changed: (role: Role) => void) {
    this.name = name;
    this.#active = options.active ?? true;
    this.#allows = checkAllow(`role "${name}": allow`, options.allow);
    // What subscribers hear must not be dropped because one of them is slow.
    this.admission = new Admission(
      name,
      options,
      isVisible(name) ? undefined : Number.POSITIVE_INFINITY,
    );
    this.#changed = changed;
  }

  /** @internal What is named in `options` counts from now on. */
  configure(options: RoleOptions): void {
    const { active, allow } = options;
    const allows =
      allow === undefined ? this.#allows : checkAllow(`role "${this.name}": allow`, allow);
    this.admission.configure(this.name, options);
    this.#allows = allows;
    if (active !== undefined) this.#set(active);
  }

  /** Whether it takes calls. */
  get active(): boolean {
    return this.#active;
  }

  /**
   * What it has to do now, and what it did not take on so far: see `concurrency`, `queue` and `rate` of
   * {@link RoleOptions}.
   *
   * @example
   * ```ts
   * import { Peer } from "troupe";
   *
   * const peer = new Peer();
   * const thumbnails = peer.role("thumbnails", {
   *   concurrency: 4, // handlers at once
   *   queue: 100, // calls that wait for one of them
   *   rate: { perSecond: 20, burst: 50 }, // calls of each caller
   * });
   * console.log(thumbnails.load); // { running: 0, queued: 0, refused: 0, dropped: 0, expired: 0 }
   * ```
   */
  get load(): RoleLoad {
    return this.admission.load;
  }

  /** @internal As it is announced. */
  get state(): RoleState {
    return { name: this.name, active: this.#active, version: "" };
  }

  /** @internal Whether the holder of this public key may call it. */
  allows(id: string): boolean {
    return this.#allows(id);
  }

  /** Takes calls from now on; every unit is told. */
  enable(): this {
    return this.#set(true);
  }

  /** Takes no more calls: requests are refused with `ROLE_DISABLED`, messages dropped; every unit is told. */
  disable(): this {
    return this.#set(false);
  }

  /** Handles one-way messages: those of one event, or, as middleware, all of this role. */
  onMessage<Data = unknown>(event: string, handler: MessageHandler<Data>): this;
  onMessage<Data = unknown>(middleware: MessageHandler<Data>): this;
  onMessage(first: string | Handler, handler?: Handler): this {
    this.handlers.add("message", first, handler);
    return this;
  }

  /** Handles requests: those of one event, or, as middleware, all of this role. */
  onRequest<Data = unknown>(event: string, handler: RequestHandler<Data>): this;
  onRequest<Data = unknown>(middleware: RequestHandler<Data>): this;
  onRequest(first: string | Handler, handler?: Handler): this {
    this.handlers.add("request", first, handler);
    return this;
  }

  /**
   * Handles streams that the other side writes and this side reads: those of one event, or, as
   * middleware, all of this role.
   *
   * @example
   * ```ts
   * import { Peer } from "troupe";
   *
   * const peer = new Peer();
   * peer.role("store").onReadable<{ name: string }>("put", async (ctx) => {
   *   let bytes = 0;
   *   for await (const chunk of ctx.readable) bytes += chunk.length;
   *   console.log(`${ctx.data.name}: ${bytes} bytes`);
   * });
   * ```
   */
  onReadable<Data = unknown>(event: string, handler: ReadableHandler<Data>): this;
  onReadable<Data = unknown>(middleware: ReadableHandler<Data>): this;
  onReadable(first: string | Handler, handler?: Handler): this {
    this.handlers.add("readable", first, handler);
    return this;
  }

  /**
   * Handles streams that the other side reads and this side writes: those of one event, or, as
   * middleware, all of this role.
   *
   * @example
   * ```ts
   * import { createReadStream } from "node:fs";
   * import { pipeline } from "node:stream/promises";
   * import { Peer } from "troupe";
   *
   * const peer = new Peer();
   * peer.role("store").onWritable<string>("get", async (ctx) => {
   *   if (ctx.data !== "README.md") throw new Error("there is no such file"); // refuses the stream
   *   await pipeline(createReadStream(ctx.data), ctx.writable);
   * });
   * ```
   */
  onWritable<Data = unknown>(event: string, handler: WritableHandler<Data>): this;
  onWritable<Data = unknown>(middleware: WritableHandler<Data>): this;
  onWritable(first: string | Handler, handler?: Handler): this {
    this.handlers.add("writable", first, handler);
    return this;
  }

  /** Handles streams that both sides write and read: those of one event, or, as middleware, all of this role. */
  onDuplex<Data = unknown>(event: string, handler: DuplexHandler<Data>): this;
  onDuplex<Data = unknown>(middleware: DuplexHandler<Data>): this;
  onDuplex(first: string | Handler, handler?: Handler): this {
    this.handlers.add("duplex", first, handler);
    return this;
  }

  /** Middleware for calls of every kind to this role. */
  onData<Data = unknown>(middleware: RequestHandler<Data>): this {
    this.handlers.addData(middleware);
    return this;
  }

  #set(active: boolean): this {
    if (this.#active !== active) {
      this.#active = active;
      this.#changed(this);
    }
    return this;
  }
}
