import type { StreamEnd } from "../connection/stream.ts";
import { localReason, reasonOf } from "./reason.ts";
import { surface } from "./surface.ts";

/** Called once when something is done, or cannot be. */
export type Done = (error?: Error | null) => void;

/** Whose bytes leave: a `Writable` is one as it is. */
export interface Writing {
  /** Nothing more can be written. */
  destroy(error: Error): unknown;
}

/** The half that is written: one chunk at a time, the next when the one before has left. */
export class Outgoing {
  #writing: Writing | undefined;
  #end: StreamEnd | undefined;
  /** More may be written, or the end. */
  #open = true;
  /** Who waits: for the chunk that is leaving, or before the end is there. */
  #done: Done | undefined;
  #early: Uint8Array | undefined;
  #endDue = false;
  #cause: { readonly given: unknown } | undefined;

  /** Names who writes, once, before anything else. */
  serve(writing: Writing): void {
    this.#writing = writing;
  }

  /** The end is there; what was written before leaves now. */
  begin(end: StreamEnd): void {
    this.#end = end;
    if (this.#cause !== undefined) {
      end.abort(reasonOf(this.#cause.given));
      return;
    }
    if (!this.#open) return;
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined) {
      if (end.write(early)) this.#settle();
    } else if (this.#endDue && end.end()) {
      this.#open = false;
      this.#settle();
    }
  }

  /**
   * Writes a chunk, not copied: it must not be changed until it has left.
   *
   * @returns whether it has left; if not, `done` is called when it has, or when it never will
   */
  write(bytes: Uint8Array, done: Done): boolean {
    // Whoever writes to a half that is over has been told so.
    if (bytes.length === 0 || !this.#open) return true;
    this.#done = done;
    if (this.#end === undefined) {
      this.#early = bytes;
      return false;
    }
    // Failing within the call has told `done` already.
    if (!this.#end.write(bytes) || this.#done === undefined) return false;
    this.#done = undefined;
    return true;
  }

  /**
   * All is written.
   *
   * @returns whether the other side is told; if not, `done` is called when it is, or never will be
   */
  end(done: Done): boolean {
    if (!this.#open) return true;
    this.#endDue = true;
    this.#done = done;
    if (this.#end === undefined) return false;
    // Failing within the call has told `done` already.
    if (!this.#end.end() || this.#done === undefined) return false;
    this.#done = undefined;
    this.#open = false;
    return true;
  }

  /** What was written last has left, or the end. */
  flushed(): void {
    if (this.#endDue) this.#open = false;
    this.#settle();
  }

  /**
   * Nothing more can be written.
   *
   * @returns whether that cuts it short
   */
  close(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#early = undefined;
    return true;
  }

  /** After {@link close}: who writes, and who waits, is told why. */
  fail(error: Error): void {
    this.#writing?.destroy(error);
    this.#settle(error);
  }

  /** What is written so far is not all there should be. The other side is told, unless it was all. */
  abort(cause: unknown): void {
    if (this.close()) {
      if (this.#end === undefined) this.#cause = { given: cause };
      else this.#end.abort(reasonOf(cause));
    }
    if (this.#done !== undefined) this.#settle(localReason(cause));
  }

  #settle(error?: Error): void {
    const done = this.#done;
    if (done === undefined) return;
    this.#done = undefined;
    try {
      done(error);
    } catch (thrown) {
      surface(thrown);
    }
  }
}
