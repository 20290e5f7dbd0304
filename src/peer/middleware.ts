import { Emitter } from "../async/emitter.ts";
import {
  type DuplexHandler,
  Handlers,
  type MessageHandler,
  type ReadableHandler,
  type RequestHandler,
  type WritableHandler,
} from "./handlers.ts";
import type { PeerEvents } from "./peer-events.ts";

/** What a peer runs ahead of the handlers of its roles. A part of {@link Peer}. */
export class Middleware extends Emitter<PeerEvents> {
  /** @internal */
  protected readonly middleware: Handlers = new Handlers();

  /** Middleware for one-way messages to all roles. */
  onMessage<Data = unknown>(middleware: MessageHandler<Data>): this {
    this.middleware.add("message", middleware, undefined);
    return this;
  }

  /**
   * Middleware for requests to all roles.
   *
   * @example
   * ```ts
   * import { Peer, TroupeError } from "troupe";
   *
   * const peer = new Peer();
   * peer.onRequest(async (ctx) => {
   *   if (ctx.metadata["token"] !== "secret") throw new TroupeError("NOT_ALLOWED", "who are you?");
   *   await ctx.next(); // what comes after it, until there is an answer or an error
   *   console.log(`${ctx.role}/${ctx.event}:`, ctx.error ?? ctx.response);
   * });
   * ```
   */
  onRequest<Data = unknown>(middleware: RequestHandler<Data>): this {
    this.middleware.add("request", middleware, undefined);
    return this;
  }

  /** Middleware for streams that others write, to all roles. */
  onReadable<Data = unknown>(middleware: ReadableHandler<Data>): this {
    this.middleware.add("readable", middleware, undefined);
    return this;
  }

  /** Middleware for streams that others read, to all roles. */
  onWritable<Data = unknown>(middleware: WritableHandler<Data>): this {
    this.middleware.add("writable", middleware, undefined);
    return this;
  }

  /** Middleware for streams that go both ways, to all roles. */
  onDuplex<Data = unknown>(middleware: DuplexHandler<Data>): this {
    this.middleware.add("duplex", middleware, undefined);
    return this;
  }

  /** Middleware for calls of every kind to all roles. */
  onData<Data = unknown>(middleware: RequestHandler<Data>): this {
    this.middleware.addData(middleware);
    return this;
  }
}
