/** The largest number a varint may carry: eight bytes of seven bits would exceed exact doubles. */
export const MAX_VARINT: number = Number.MAX_SAFE_INTEGER;

/** Bytes that `value` takes as a varint (LEB128, unsigned), 1 to 8. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  let length = 5;
  for (let rest = Math.floor(value / 0x8_0000_0000); rest > 0; rest = Math.floor(rest / 0x80))
    length++;
  return length;
}

/**
 * Writes `value`, an integer from 0 to {@link MAX_VARINT}, at `at`.
 *
 * @returns the offset behind it
 */
export function putVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80;
    // Beyond 31 bits `>>>` would cut the number short.
    rest = rest < 0x8000_0000 ? rest >>> 7 : Math.floor(rest / 0x80);
  }
  target[at++] = rest;
  return at;
}
