import { EMPTY } from "../bytes/bytes.ts";

/** Below this many empty places at the front nothing is moved. */
const WORTH_MOVING = 256;

/** A chunk of fewer bytes is joined with its neighbours: a byte by itself takes the memory of two hundred. */
const SMALL = 512;

/** Bytes of joined chunks at most. */
const BLOCK = 4096;

/** Chunks that wait to be read, first in first out; small ones are joined, and no other is copied. */
export class ChunkQueue {
  #chunks: Uint8Array[] = [];
  /** Where the first one is: taking it from the array itself would move all others each time. */
  #first = 0;
  /** The last chunk, while it is one of ours: behind it in its buffer there may be room. */
  #joined: Uint8Array | undefined;

  /** Whether nothing waits. */
  get empty(): boolean {
    return this.#first === this.#chunks.length;
  }

  /** Puts a chunk behind the others. */
  push(bytes: Uint8Array): void {
    const place = this.#chunks.length - 1;
    const last = this.#chunks[place];
    if (last !== undefined && this.#takes(last, bytes.length)) {
      this.#joined = this.#join(last, bytes);
      this.#chunks[place] = this.#joined;
    } else {
      this.#joined = undefined;
      this.#chunks.push(bytes);
    }
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
    this.#joined = undefined;
  }

  #takes(last: Uint8Array, length: number): boolean {
    if (length >= SMALL || last.length + length > BLOCK) return false;
    return last === this.#joined || last.length < SMALL;
  }

  /** Room doubles as it is used up: two bytes between large chunks do not cost a whole block. */
  #join(last: Uint8Array, bytes: Uint8Array): Uint8Array {
    const length = last.length + bytes.length;
    let { buffer } = last;
    if (last !== this.#joined || length > buffer.byteLength) {
      const block = new Uint8Array(Math.min(BLOCK, 2 * length));
      block.set(last);
      buffer = block.buffer;
    }
    const joined = new Uint8Array(buffer, 0, length);
    joined.set(bytes, last.length);
    return joined;
  }

  #move(): void {
    this.#chunks = this.#chunks.slice(this.#first);
    this.#first = 0;
  }
}
