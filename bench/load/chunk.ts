/** What streams in bulk are written in, bytes. */
export const CHUNK: number = 64 * 1024;

/** A chunk of bytes that say where in it they are: one piece lost or doubled puts all that follow out of place. */
export function chunkOf(): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: CHUNK }, (_, index) => Math.imul(index, 0x9e3779b1) >>> 24),
  );
}
