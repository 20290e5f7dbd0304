import { TroupeError } from "../errors.ts";

/**
 * The bytes of what was written to a web stream, not copied.
 *
 * @throws TroupeError `BAD_PAYLOAD` for anything but an `ArrayBuffer` or a view of one
 */
export function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new TroupeError(
    "BAD_PAYLOAD",
    `streams carry bytes, and ${chunk === null ? "null" : `a ${typeof chunk}`} is none: ` +
      "write a Uint8Array (of text, what a TextEncoder makes of it)",
  );
}

/** The bytes for whoever reads a web stream, copied only if other threads can write to them. */
export function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return isUnshared(bytes) ? bytes : new Uint8Array(bytes);
}

/** How much of a buffer a chunk takes; what is no bytes takes none, and fails when its turn comes. */
export function lengthOf(chunk: unknown): number {
  return chunk instanceof ArrayBuffer || ArrayBuffer.isView(chunk) ? chunk.byteLength : 0;
}

const isUnshared = (bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer;
