/// <reference types="node" preserve="true" />
import { Writable } from "node:stream";
import { ignoreError } from "./ignore-error.node.ts";
import type { Done, Outgoing } from "./outgoing.ts";
import { writableToWeb } from "./to-web.node.ts";

/**
 * The end of a stream that is written. It has an `error` listener of its own, so that a failure nobody
 * listens for does not end the process.
 */
export interface WritableEnd extends Writable {
  /** The same as a standard stream, always the same one; write to either it or this. */
  toWeb(): WritableStream<Uint8Array>;
}

/** A `Writable` that sends to the other side. */
export class NodeWritable extends Writable implements WritableEnd {
  readonly #outgoing: Outgoing;
  #web: WritableStream<Uint8Array> | undefined;

  constructor(outgoing: Outgoing, highWaterMark: number) {
    super({ highWaterMark });
    this.#outgoing = outgoing;
    outgoing.serve(this);
    ignoreError(this);
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: Done): void {
    if (this.#outgoing.write(chunk, callback)) callback();
  }

  override _final(callback: Done): void {
    if (this.#outgoing.end(callback)) callback();
  }

  override _destroy(error: Error | null, callback: Done): void {
    this.#outgoing.abort(error);
    callback(error);
  }

  toWeb(): WritableStream<Uint8Array> {
    this.#web ??= writableToWeb(this);
    return this.#web;
  }
}
