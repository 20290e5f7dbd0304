/// <reference types="node" preserve="true" />
import { Readable } from "node:stream";
import { ignoreError } from "./ignore-error.node.ts";
import type { Incoming } from "./incoming.ts";
import { readableToWeb } from "./to-web.node.ts";

/**
 * The end of a stream that is read. It has an `error` listener of its own, so that a failure nobody
 * listens for does not end the process.
 */
export interface ReadableEnd extends Readable {
  /** The same as a standard stream, always the same one; read either it or this. */
  toWeb(): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** A `Readable` that gives what the other side sends. */
export class NodeReadable extends Readable implements ReadableEnd {
  readonly #incoming: Incoming;
  #web: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;

  constructor(incoming: Incoming, highWaterMark: number) {
    super({ highWaterMark });
    this.#incoming = incoming;
    incoming.feed(this);
    ignoreError(this);
  }

  override _read(): void {
    this.#incoming.want();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#incoming.cancel(error);
    callback(error);
  }

  toWeb(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#web ??= readableToWeb(this);
    return this.#web;
  }
}
