import type { Sink } from "./incoming.ts";
import { unshared } from "./web-chunk.ts";

/** What a web stream reads from. */
export interface Source {
  /** Somebody reads. */
  want(): void;
  /** Nobody does any more. */
  cancel(cause: unknown): void;
}

/** A standard stream for reading that holds nothing: a chunk is asked for when somebody reads. */
export class WebReadable implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>>, Sink {
  /** What people read. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #source: Source;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;

  constructor(source: Source) {
    this.#source = source;
    this.stream = new ReadableStream(this, { highWaterMark: 0 });
  }

  /** Called by the platform, as are the next two. */
  start(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void {
    this.#controller = controller;
  }

  pull(): void {
    this.#source.want();
  }

  cancel(cause: unknown): void {
    this.#controller = undefined;
    this.#source.cancel(cause);
  }

  push(bytes: Uint8Array | null): boolean {
    const controller = this.#controller;
    if (bytes !== null) {
      controller?.enqueue(unshared(bytes));
      return false; // if more is wanted the platform has pulled again, or will
    }
    this.#controller = undefined;
    controller?.close();
    return false;
  }

  destroy(error: Error): void {
    this.#controller?.error(error);
    this.#controller = undefined;
  }
}
