import { EMPTY } from "./bytes.ts";
import { putVarint, varintLength } from "./varint.ts";

const FIRST = 1024;

/** A growing buffer that one owner appends to, looks at, and empties for the next use. */
export class Writer {
  #bytes: Uint8Array;
  #length = 0;

  /** @param capacity - bytes of memory at first, where it is known how much will be written */
  constructor(capacity = 0) {
    this.#bytes = capacity === 0 ? EMPTY : new Uint8Array(capacity);
  }

  /** Bytes written since the last {@link clear}. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of memory held, written or not. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** What was written, from `start` on. Overwritten by what comes after {@link clear}. */
  view(start = 0, end: number = this.#length): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  /** Starts again at the beginning; the memory stays. */
  clear(): void {
    this.#length = 0;
  }

  /** Makes room for `count` more bytes, so that what follows does not grow the buffer step by step. */
  reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(FIRST, needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  /** Appends one byte, 0 to 255. */
  u8(value: number): void {
    this.reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Appends an unsigned integer as a varint. */
  varint(value: number): void {
    this.reserve(8);
    this.#length = putVarint(this.#bytes, this.#length, value);
  }

  /** Appends the bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Appends a varint length and the bytes. */
  prefixed(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.bytes(bytes);
  }
}

/** Bytes that {@link Writer.prefixed} takes for `count` bytes. */
export const prefixedLength = (count: number): number => varintLength(count) + count;
