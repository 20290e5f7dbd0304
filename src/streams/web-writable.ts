import { type Deferred, defer } from "../async/deferred.ts";
import type { Done, Writing } from "./outgoing.ts";
import { bytesOf, lengthOf } from "./web-chunk.ts";

/** What a web stream writes to. */
export interface Target {
  /** Returns whether the bytes have left; if not, `done` is called when they have, or never will. */
  write(bytes: Uint8Array, done: Done): boolean;
  /** Returns whether the end is through; if not, `done` is called when it is, or never will be. */
  end(done: Done): boolean;
  /** What was written so far is not all there should be. */
  abort(cause: unknown): void;
}

/** A standard stream for writing bytes. */
export class WebWritable implements UnderlyingSink<Uint8Array>, Writing {
  /** What people write to. */
  readonly stream: WritableStream<Uint8Array>;
  readonly #target: Target;
  #controller: WritableStreamDefaultController | undefined;
  #waiting: Deferred<void> | undefined;

  /** @param highWaterMark - bytes; at 0 the platform would never say that there is room, so 1 is taken */
  constructor(target: Target, highWaterMark: number) {
    this.#target = target;
    const strategy = { highWaterMark: Math.max(1, highWaterMark), size: lengthOf };
    this.stream = new WritableStream<Uint8Array>(this, strategy);
  }

  /** Called by the platform, as are the next three. */
  start(controller: WritableStreamDefaultController): void {
    this.#controller = controller;
    // `abort` itself is not called before a chunk that is leaving has left, which may be never.
    const { signal } = controller;
    signal.addEventListener("abort", () => this.#target.abort(signal.reason), { once: true });
  }

  write(chunk: unknown): Promise<void> | undefined {
    const bytes = this.#checked(chunk);
    return this.#wait((done) => this.#target.write(bytes, done));
  }

  close(): Promise<void> | undefined {
    return this.#wait((done) => this.#target.end(done));
  }

  abort(cause: unknown): void {
    this.#target.abort(cause);
  }

  destroy(error: Error): void {
    this.#controller?.error(error);
  }

  /** The platform fails the stream for a bad chunk, but does not abort what lies below. */
  #checked(chunk: unknown): Uint8Array {
    try {
      return bytesOf(chunk);
    } catch (error) {
      this.#target.abort(error);
      throw error;
    }
  }

  #wait(run: (done: Done) => boolean): Promise<void> | undefined {
    const waiting = defer<void>();
    this.#waiting = waiting;
    return run(this.#done) ? undefined : waiting.promise;
  }

  readonly #done: Done = (error) => {
    if (error) this.#waiting?.reject(error);
    else this.#waiting?.resolve();
  };
}
