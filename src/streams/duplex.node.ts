/// <reference types="node" preserve="true" />
import { Duplex } from "node:stream";
import { ignoreError } from "./ignore-error.node.ts";
import type { Incoming } from "./incoming.ts";
import type { Done, Outgoing } from "./outgoing.ts";
import { readableToWeb, writableToWeb } from "./to-web.node.ts";

/** Both halves as standard streams. */
export interface WebPair {
  /** What the other side writes. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What the other side reads. */
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * The end of a stream that is read and written. Each half ends by itself, but as Node knows no half
 * that fails alone, a failure of one is that of both. It has an `error` listener of its own, so that a
 * failure nobody listens for does not end the process.
 */
export interface DuplexEnd extends Duplex {
  /** The same as standard streams, always the same two, which fail together, too; use either them or this. */
  toWeb(): WebPair;
}

/** A `Duplex` that gives what the other side sends and sends to it. */
export class NodeDuplex extends Duplex implements DuplexEnd {
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  #web: WebPair | undefined;

  constructor(incoming: Incoming, outgoing: Outgoing, highWaterMark: number) {
    super({ highWaterMark, allowHalfOpen: true });
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    incoming.feed(this);
    outgoing.serve(this);
    ignoreError(this);
  }

  override _read(): void {
    this.#incoming.want();
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: Done): void {
    if (this.#outgoing.write(chunk, callback)) callback();
  }

  override _final(callback: Done): void {
    if (this.#outgoing.end(callback)) callback();
  }

  override _destroy(error: Error | null, callback: Done): void {
    this.#incoming.cancel(error);
    this.#outgoing.abort(error);
    callback(error);
  }

  /** Node's own would, at the end of what is read, destroy what is still to be written. */
  override [Symbol.asyncIterator](): NodeJS.AsyncIterator<Buffer> {
    const chunks = this.iterator({ destroyOnReturn: false }) as NodeJS.AsyncIterator<Buffer>;
    const leave = chunks.return?.bind(chunks);
    chunks.return = () => {
      this.destroy(); // left early
      return leave?.() ?? Promise.resolve({ done: true, value: undefined });
    };
    return chunks;
  }

  toWeb(): WebPair {
    this.#web ??= { readable: readableToWeb(this), writable: writableToWeb(this) };
    return this.#web;
  }
}
