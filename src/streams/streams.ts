import { type EndOptions, highWaterMarkOf, type Made } from "./end-options.ts";
import { Halves } from "./halves.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";
import { WebReadable } from "./web-readable.ts";
import { WebWritable } from "./web-writable.ts";

export type { EndOptions, Made } from "./end-options.ts";

/** The end of a stream that is read: the platform's `ReadableStream`. */
export type ReadableEnd = ReadableStream<Uint8Array<ArrayBuffer>>;

/** The end of a stream that is written: the platform's `WritableStream`. */
export type WritableEnd = WritableStream<Uint8Array>;

/** The end of a stream that is read and written. Each half ends, and fails, by itself. */
export interface DuplexEnd {
  /** What the other side writes. */
  readonly readable: ReadableEnd;
  /** What the other side reads. */
  readonly writable: WritableEnd;
}

/**
 * Makes a stream to read from.
 *
 * @throws TroupeError `BAD_ARGUMENT` for options that cannot be
 */
export function readableEnd(options?: EndOptions): Made<ReadableEnd> {
  highWaterMarkOf(options); // nothing is held here, but what is wrong in Node is wrong everywhere
  const incoming = new Incoming();
  return { stream: reading(incoming), user: new Halves(incoming, undefined) };
}

/**
 * Makes a stream to write to.
 *
 * @throws TroupeError `BAD_ARGUMENT` for options that cannot be
 */
export function writableEnd(options?: EndOptions): Made<WritableEnd> {
  const highWaterMark = highWaterMarkOf(options);
  const outgoing = new Outgoing();
  return { stream: writing(outgoing, highWaterMark), user: new Halves(undefined, outgoing) };
}

/**
 * Makes a stream to read from and to write to.
 *
 * @throws TroupeError `BAD_ARGUMENT` for options that cannot be
 */
export function duplexEnd(options?: EndOptions): Made<DuplexEnd> {
  const highWaterMark = highWaterMarkOf(options);
  const incoming = new Incoming();
  const outgoing = new Outgoing();
  return {
    stream: { readable: reading(incoming), writable: writing(outgoing, highWaterMark) },
    user: new Halves(incoming, outgoing),
  };
}

function reading(incoming: Incoming): ReadableEnd {
  const web = new WebReadable(incoming);
  incoming.feed(web);
  return web.stream;
}

function writing(outgoing: Outgoing, highWaterMark: number): WritableEnd {
  const web = new WebWritable(outgoing, highWaterMark);
  outgoing.serve(web);
  return web.stream;
}
