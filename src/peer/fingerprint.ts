import type { Payload } from "../frame/payload.ts";

/**
 * Tells payloads apart, in 14 hex digits: 53 bits by two multiplicative hashes that are mixed in the end
 * (cyrb53, public domain). It is no secret and no signature: who makes two payloads alike is answered
 * what it has been answered before, and nobody else is.
 */
export function fingerprint({ tag, bytes }: Payload): string {
  let one = 0xdeadbeef ^ tag;
  let two = 0x41c6ce57 ^ tag;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    one = Math.imul(one ^ byte, 0x9e3779b1);
    two = Math.imul(two ^ byte, 0x5f356495);
  }
  one = Math.imul(one ^ (one >>> 16), 0x85ebca6b) ^ Math.imul(two ^ (two >>> 13), 0xc2b2ae35);
  two = Math.imul(two ^ (two >>> 16), 0x85ebca6b) ^ Math.imul(one ^ (one >>> 13), 0xc2b2ae35);
  const bits = (two & 0x1fffff) * 2 ** 32 + (one >>> 0);
  return bits.toString(16).padStart(14, "0");
}
