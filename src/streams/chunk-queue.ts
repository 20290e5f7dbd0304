import { EMPTY } from "../bytes/bytes.ts";

/** Below this many empty places at the front nothing is moved. */
const WORTH_MOVING = 256;

/** Chunks that wait to be read, first in first out; none is copied. */
export class ChunkQueue {
  #chunks: Uint8Array[] = [];
  /** Where the first one is: taking it from the array itself would move all others each time. */
  #first = 0;

  /** Whether nothing waits. */
  get empty(): boolean {
    return this.#first === this.#chunks.length;
  }

  /** Puts a chunk behind the others. */
  push(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
  }

  /** Takes the first chunk out. */
  shift(): Uint8Array | undefined {
    const bytes = this.#chunks[this.#first];
    if (bytes === undefined) return undefined;
    this.#chunks[this.#first++] = EMPTY; // not to be held any longer
    if (this.#first === this.#chunks.length) this.clear();
    else if (this.#first >= WORTH_MOVING && this.#first * 2 >= this.#chunks.length) this.#move();
    return bytes;
  }

  /** Drops what waits. */
  clear(): void {
    if (this.#chunks.length > 0) this.#chunks = [];
    this.#first = 0;
  }

  #move(): void {
    this.#chunks = this.#chunks.slice(this.#first);
    this.#first = 0;
  }
}
