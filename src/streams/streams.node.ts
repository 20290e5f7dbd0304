import { type DuplexEnd, NodeDuplex } from "./duplex.node.ts";
import { type EndOptions, highWaterMarkOf, type Made } from "./end-options.ts";
import { Halves } from "./halves.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";
import { NodeReadable, type ReadableEnd } from "./readable.node.ts";
import { NodeWritable, type WritableEnd } from "./writable.node.ts";

export type { DuplexEnd, WebPair } from "./duplex.node.ts";
export type { EndOptions, Made } from "./end-options.ts";
export type { ReadableEnd } from "./readable.node.ts";
export type { WritableEnd } from "./writable.node.ts";

/**
 * Makes a stream to read from.
 *
 * @throws TroupeError `BAD_ARGUMENT` for options that cannot be
 */
export function readableEnd(options?: EndOptions): Made<ReadableEnd> {
  const incoming = new Incoming();
  const stream = new NodeReadable(incoming, highWaterMarkOf(options));
  return { stream, user: new Halves(incoming, undefined) };
}

/**
 * Makes a stream to write to.
 *
 * @throws TroupeError `BAD_ARGUMENT` for options that cannot be
 */
export function writableEnd(options?: EndOptions): Made<WritableEnd> {
  const outgoing = new Outgoing();
  const stream = new NodeWritable(outgoing, highWaterMarkOf(options));
  return { stream, user: new Halves(undefined, outgoing) };
}

/**
 * Makes a stream to read from and to write to.
 *
 * @throws TroupeError `BAD_ARGUMENT` for options that cannot be
 */
export function duplexEnd(options?: EndOptions): Made<DuplexEnd> {
  const incoming = new Incoming();
  const outgoing = new Outgoing();
  const stream = new NodeDuplex(incoming, outgoing, highWaterMarkOf(options));
  return { stream, user: new Halves(incoming, outgoing) };
}
