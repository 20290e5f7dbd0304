/** Nothing, shared: no one can write into a buffer of length zero. */
export const EMPTY: Uint8Array = new Uint8Array(0);

/** Puts the parts one after another into a new buffer. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * One behind the other: a view where they already lie like that in one buffer, else a copy.
 */
export function join<B extends ArrayBufferLike>(
  head: Uint8Array<B>,
  tail: Uint8Array,
): Uint8Array<B | ArrayBuffer> {
  const end = head.byteOffset + head.length;
  return head.buffer === tail.buffer && end === tail.byteOffset
    ? new Uint8Array(head.buffer, head.byteOffset, head.length + tail.length)
    : concat(head, tail);
}

/** Compares without telling by its time where the first difference is; the lengths are not secret. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

/** Lowercase hexadecimal text of `bytes`, in one piece: appending would keep a tree of its parts. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => HEX[byte]).join("");
}

/** The bytes of hexadecimal text in either case, or `undefined` when it is not that. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
