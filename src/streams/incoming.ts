import type { StreamEnd } from "../connection/stream.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import { reasonOf } from "./reason.ts";
import { surface } from "./surface.ts";

/** Where received bytes go: a `Readable` is one as it is. */
export interface Sink {
  /**
   * Takes bytes, or with null the end.
   *
   * @returns whether more is wanted already
   */
  push(bytes: Uint8Array | null): boolean;
  /** The rest will not come. */
  destroy(error: Error): unknown;
}

/** The half that is read: keeps what the other side sent until the platform's stream wants it. */
export class Incoming {
  readonly #queue = new ChunkQueue();
  #sink: Sink | undefined;
  #end: StreamEnd | undefined;
  /** The other side may still send. */
  #open = true;
  #asked = false;
  #wanted = false;
  /** A chunk is being handed over: what comes meanwhile waits its turn. */
  #busy = false;
  /** All has come, and the sink does not know yet. */
  #endDue = false;
  #cause: { readonly given: unknown } | undefined;

  /** Names where the bytes go, once, before anything else. */
  feed(sink: Sink): void {
    this.#sink = sink;
  }

  /** The end is there; what was asked of it before is asked now. */
  begin(end: StreamEnd): void {
    this.#end = end;
    if (this.#cause !== undefined) end.stop(reasonOf(this.#cause.given));
    else if (this.#asked) this.#demand();
  }

  /** The sink has room. */
  want(): void {
    this.#wanted = true;
    if (!this.#asked) {
      this.#asked = true;
      this.#demand();
    }
    this.#pump();
  }

  /** Bytes of the other side. */
  data(bytes: Uint8Array): void {
    if (!this.#open || bytes.length === 0) return;
    if (!this.#wanted || this.#busy) {
      this.#queue.push(bytes);
      return;
    }
    this.#give(bytes);
    this.#pump();
  }

  /** The other side has sent all. */
  ended(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#endDue = true;
    this.#pump();
  }

  /**
   * No more comes, and what waits is dropped.
   *
   * @returns whether that cuts it short
   */
  close(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#queue.clear();
    return true;
  }

  /** After {@link close}: the reader is told why. */
  fail(error: Error): void {
    this.#sink?.destroy(error);
  }

  /** Nobody reads any more. The end is told, unless all has come and is used up. */
  cancel(cause: unknown): void {
    const unread = this.#endDue && !this.#queue.empty;
    this.#queue.clear();
    this.#endDue = false;
    if (!this.close() && !unread) return;
    if (this.#end === undefined) this.#cause = { given: cause };
    else this.#end.stop(reasonOf(cause));
  }

  /** Also when all has come: by this the other side learns that its stream is taken. */
  #demand(): void {
    if (this.#open || this.#endDue) this.#end?.demand();
  }

  #pump(): void {
    if (this.#busy) return;
    while (this.#wanted) {
      const bytes = this.#queue.shift();
      if (bytes === undefined) break;
      this.#give(bytes);
    }
    // Nor is the end handed over before somebody reads: a platform that knows it asks for nothing.
    if (this.#endDue && this.#asked && this.#queue.empty) {
      this.#endDue = false;
      this.#push(null);
    }
  }

  #give(bytes: Uint8Array): void {
    this.#busy = true;
    this.#wanted = false; // before the sink is called: it may want more while it is
    if (this.#push(bytes)) this.#wanted = true;
    // After its end, too: until all is used up, a stream takes room on its connection.
    if (this.#open || this.#endDue) this.#end?.read(bytes.length);
    this.#busy = false;
  }

  /** A listener that throws has still taken the bytes, so more is wanted of a stream that goes on. */
  #push(bytes: Uint8Array | null): boolean {
    try {
      return this.#sink?.push(bytes) ?? false;
    } catch (thrown) {
      surface(thrown);
      return true;
    }
  }
}
