import { broken } from "../errors.ts";
import { decodeText } from "./text.ts";

/**
 * A bounds-checked cursor over one buffer. Every method throws TroupeError `PROTOCOL` instead of
 * reading past the end, so a decoder needs no checks of its own.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** Bytes left before the end. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** Moves the end so that only `count` bytes are left, and returns the old end for {@link widen}. */
  narrow(count: number): number {
    if (count > this.left) throw broken(`truncated: ${count} bytes announced, ${this.left} there`);
    const end = this.#end;
    this.#end = this.#at + count;
    return end;
  }

  /** Goes to the narrowed end and gives back the old one. */
  widen(end: number): void {
    this.#at = this.#end;
    this.#end = end;
  }

  /** One byte. */
  u8(): number {
    if (this.#at >= this.#end) throw broken("truncated");
    return this.#bytes[this.#at++] ?? 0;
  }

  /** An unsigned varint of at most eight bytes and 2^53 - 1. */
  varint(): number {
    let byte = this.u8();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    for (let i = 1; i < 8; i++) {
      byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw broken("a number is too large");
        return value;
      }
      scale *= 0x80;
    }
    throw broken("a number is too long");
  }

  /** The next `count` bytes, not copied. */
  bytes(count: number): Uint8Array {
    if (count > this.left) throw broken(`truncated: ${count} bytes announced, ${this.left} there`);
    const start = this.#at;
    this.#at += count;
    return this.#bytes.subarray(start, this.#at);
  }

  /** A varint length and as many bytes, not copied. */
  prefixed(): Uint8Array {
    return this.bytes(this.varint());
  }

  /** A varint length and as much UTF-8 text, of at most `limit` bytes. */
  text(limit: number): string {
    const length = this.varint();
    if (length > limit)
      throw broken(`a text of ${length} bytes where at most ${limit} are allowed`);
    return decodeText(this.bytes(length));
  }

  /** All that is left, not copied. */
  rest(): Uint8Array {
    return this.bytes(this.left);
  }

  /** Fails when something is left. */
  finish(): void {
    if (this.left > 0) throw broken(`${this.left} bytes too many`);
  }
}
