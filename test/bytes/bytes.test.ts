import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, EMPTY, equal, fromHex, join, toHex } from "../../src/bytes/bytes.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

const bytes = fc.uint8Array({ maxLength: 40 });

describe("concat", () => {
  test("puts the parts one after another into a buffer of its own", () => {
    const one = Uint8Array.of(1, 2);
    const whole = concat(one, EMPTY, Uint8Array.of(3));
    expect([...whole]).toEqual([1, 2, 3]);
    one[0] = 9;
    expect([...whole]).toEqual([1, 2, 3]);
    expect(concat().length).toBe(0);
  });
});

describe("join", () => {
  test("copies nothing where one lies behind the other, and else gives a buffer of its own", () => {
    const both = Uint8Array.of(0, 1, 2, 3, 4);
    const beside = join(both.subarray(1, 3), both.subarray(3));
    expect([[...beside], beside.buffer === both.buffer]).toEqual([[1, 2, 3, 4], true]);
    for (const tail of [both.subarray(2), both.subarray(4), Uint8Array.of(3, 4)]) {
      const apart = join(both.subarray(1, 3), tail);
      expect([[...apart], apart.buffer === both.buffer]).toEqual([[1, 2, ...tail], false]);
    }
  });
});

describe("equal", () => {
  test("is true for the same bytes and false for any other", () => {
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        expect(equal(one, Uint8Array.from(one))).toBe(true);
        expect(equal(one, other)).toBe(toHex(one) === toHex(other));
      }),
    );
  });

  test("sees a difference of one bit anywhere", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), (one, place) => {
        const other = Uint8Array.from(one);
        const bit = place % (8 * one.length);
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(equal(one, other)).toBe(false);
      }),
    );
  });
});

describe("hexadecimal text", () => {
  test("gives back the bytes it was made of, in either case", () => {
    fc.assert(
      fc.property(bytes, (one) => {
        const text = toHex(one);
        expect(text).toBe(Buffer.from(one).toString("hex"));
        expect(fromHex(text)).toEqual(one);
        expect(fromHex(text.toUpperCase())).toEqual(one);
      }),
    );
  });

  test.each(["0", "0g", "zz", " 00", "00 ", "0x00", "00\n"])("is not %j", (text) => {
    expect(fromHex(text)).toBeUndefined();
  });
});
