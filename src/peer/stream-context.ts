import type { DuplexEnd, ReadableEnd, WritableEnd } from "#streams";
import { Context } from "./context.ts";

/** What a handler of `onReadable` gets. */
export interface ContextForReadable<Data = unknown> extends Context<Data> {
  /** What the other side writes. */
  readonly readable: ReadableEnd;
}

/** What a handler of `onWritable` gets. */
export interface ContextForWritable<Data = unknown> extends Context<Data> {
  /** What the other side reads. */
  readonly writable: WritableEnd;
}

/** What a handler of `onDuplex` gets. */
export interface ContextForDuplex<Data = unknown> extends Context<Data> {
  /** What both sides write and read. */
  readonly duplex: DuplexEnd;
}

/** @internal Any of them: a {@link Context}, and this side's end of the stream. */
export class StreamContext<Data = unknown> extends Context<Data> {
  readable: ReadableEnd | undefined;
  writable: WritableEnd | undefined;
  duplex: DuplexEnd | undefined;
}
