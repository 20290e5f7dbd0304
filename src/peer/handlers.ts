import { badArgument } from "../errors.ts";
import type { Context } from "./context.ts";
import type { ContextForDuplex, ContextForReadable, ContextForWritable } from "./stream-context.ts";

/** Answers in callback form; the first call counts. */
export type AnswerCallback = (error?: unknown, data?: unknown) => void;

/**
 * Answers a request: by what it returns or resolves to, by throwing or rejecting, or, when it takes a
 * second parameter, by calling that. In middleware `undefined` is no answer.
 */
export type RequestHandler<Data = unknown> = (
  ctx: Context<Data>,
  answer: AnswerCallback,
) => unknown;

/** Takes a one-way message in. What it returns is ignored; what it throws is logged. */
export type MessageHandler<Data = unknown> = (ctx: Context<Data>) => unknown;

/**
 * Takes a stream whose other end writes, and reads it. What it answers, as a handler of requests does,
 * takes the stream, and so does the first read; what it throws refuses it, or fails it when it is taken.
 */
export type ReadableHandler<Data = unknown> = (
  ctx: ContextForReadable<Data>,
  answer: AnswerCallback,
) => unknown;

/** Takes a stream whose other end reads, and writes to it; otherwise as {@link ReadableHandler}. */
export type WritableHandler<Data = unknown> = (
  ctx: ContextForWritable<Data>,
  answer: AnswerCallback,
) => unknown;

/** Takes a stream that both ends read and write; otherwise as {@link ReadableHandler}. */
export type DuplexHandler<Data = unknown> = (
  ctx: ContextForDuplex<Data>,
  answer: AnswerCallback,
) => unknown;

/** @internal Any of them: only its author knows what data it expects. */
export type Handler = (ctx: never, answer: AnswerCallback) => unknown;

/** @internal Kinds of calls that can be handled. */
export type Kind = "message" | "request" | "readable" | "writable" | "duplex";

const EVERY_KIND: readonly Kind[] = ["message", "request", "readable", "writable", "duplex"];

const perKind = <T>(make: () => T): Record<Kind, T> => ({
  message: make(),
  request: make(),
  readable: make(),
  writable: make(),
  duplex: make(),
});
const NO_HANDLERS: readonly Handler[] = [];

/** @internal The handlers of a peer or of a role. */
export class Handlers {
  readonly #data: Handler[] = [];
  readonly #kind = perKind((): Handler[] => []);
  readonly #events = perKind(() => new Map<string, Handler[]>());
  /** Per kind what runs before event handlers, in order. */
  readonly middleware: Record<Kind, readonly Handler[]> = perKind((): readonly Handler[] => []);

  /** Runs for every call of every kind. */
  addData(handler: Handler): void {
    checkHandler(handler);
    this.#data.push(handler);
    for (const kind of EVERY_KIND) this.#arrange(kind);
  }

  /** One event's handler, or middleware for every call of one kind. */
  add(kind: Kind, first: string | Handler, handler: Handler | undefined): void {
    if (typeof first === "string") this.addEvent(kind, first, handler);
    else this.#addKind(kind, first);
  }

  #addKind(kind: Kind, handler: Handler): void {
    checkHandler(handler);
    this.#kind[kind].push(handler);
    this.#arrange(kind);
  }

  /** Runs for one event. */
  addEvent(kind: Kind, event: string, handler: Handler | undefined): void {
    checkHandler(handler);
    const handlers = this.#events[kind].get(event);
    if (handlers === undefined) this.#events[kind].set(event, [handler]);
    else handlers.push(handler);
  }

  /** Takes one event handler off again. */
  removeEvent(kind: Kind, event: string, handler: Handler): void {
    const left = [...this.event(kind, event)];
    const index = left.indexOf(handler);
    if (index >= 0) left.splice(index, 1);
    if (left.length === 0) this.#events[kind].delete(event);
    else this.#events[kind].set(event, left);
  }

  /** The handlers of one event. */
  event(kind: Kind, event: string): readonly Handler[] {
    return this.#events[kind].get(event) ?? NO_HANDLERS;
  }

  #arrange(kind: Kind): void {
    this.middleware[kind] = [...this.#data, ...this.#kind[kind]];
  }
}

/** @internal What runs before the handlers of an event: that of the peer, then that of the role. */
export function middlewareOf(peer: Handlers, role: Handlers, kind: Kind): readonly Handler[] {
  const outer = peer.middleware[kind];
  const inner = role.middleware[kind];
  if (outer.length === 0) return inner;
  return inner.length === 0 ? outer : [...outer, ...inner];
}

/**
 * @internal
 * @throws TroupeError `BAD_ARGUMENT` unless it is a function
 */
export function checkHandler(handler: unknown): asserts handler is Handler {
  if (typeof handler !== "function") throw badArgument("a handler must be a function");
}
