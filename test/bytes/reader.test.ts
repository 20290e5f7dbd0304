import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Reader } from "../../src/bytes/reader.ts";
import { MAX_VARINT, putVarint, varintLength } from "../../src/bytes/varint.ts";
import { prefixedLength, Writer } from "../../src/bytes/writer.ts";
import { isTroupeError } from "../support/errors.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

const number = fc.oneof(fc.nat(300), fc.nat(), fc.maxSafeNat(), fc.constantFrom(...edges()));

/** Around every length a varint may have. */
function edges(): number[] {
  const all = [0, MAX_VARINT - 1, MAX_VARINT];
  for (let bits = 7; bits < 53; bits += 7) all.push(2 ** bits - 1, 2 ** bits, 2 ** bits + 1);
  return [...all, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32];
}

/** LEB128 by the book. */
function leb128(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

describe("a varint", () => {
  test("is LEB128, as long as announced, and reads as what was written", () => {
    fc.assert(
      fc.property(number, fc.nat(3), (value, before) => {
        const target = new Uint8Array(before + 9);
        const end = putVarint(target, before, value);
        expect(end - before).toBe(varintLength(value));
        expect([...target.subarray(before, end)]).toEqual(leb128(value));
        const reader = new Reader(target.subarray(before, end));
        expect(reader.varint()).toBe(value);
        reader.finish();
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["ends in the middle", "ff", "truncated"],
    ["is not there", "", "truncated"],
    ["exceeds 2^53 - 1", "8080808080808010", "a number is too large"],
    ["is the largest of eight bytes", "ffffffffffffff7f", "a number is too large"],
    ["has nine bytes", "808080808080808000", "a number is too long"],
  ])("that %s is refused", (_, hex, message) => {
    const reader = new Reader(Buffer.from(hex, "hex"));
    expect(() => reader.varint()).toThrow(isTroupeError("PROTOCOL", message));
  });
});

const part = fc.oneof(
  number.map((value) => ({ kind: "varint" as const, value })),
  fc.nat(255).map((value) => ({ kind: "u8" as const, value })),
  fc.uint8Array({ maxLength: 3000 }).map((value) => ({ kind: "prefixed" as const, value })),
  fc.string({ unit: "grapheme" }).map((value) => ({ kind: "text" as const, value })),
);

/** @returns how many bytes that should take */
function write(
  writer: Writer,
  { kind, value }: typeof part extends fc.Arbitrary<infer T> ? T : never,
): number {
  switch (kind) {
    case "u8":
      writer.u8(value);
      return 1;
    case "varint":
      writer.varint(value);
      return varintLength(value);
    case "prefixed":
      writer.prefixed(value);
      return prefixedLength(value.length);
    case "text":
      writer.prefixed(Buffer.from(value));
      return prefixedLength(Buffer.byteLength(value));
  }
}

describe("a reader", () => {
  test("reads what a writer wrote, and nothing is left", () => {
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const writer = new Writer();
        let length = 0;
        for (const one of parts) length += write(writer, one);
        expect(writer.length).toBe(length);
        const reader = new Reader(writer.view());
        for (const { kind, value } of parts) {
          expect(kind === "text" ? reader.text(1e6) : reader[kind]()).toEqual(value);
        }
        reader.finish();
      }),
    );
  });

  test("never reads beyond the end, whatever it is asked for", () => {
    const ask = fc.oneof(
      fc.constantFrom("u8" as const, "varint" as const, "prefixed" as const, "rest" as const),
      fc.nat(60),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.array(ask), (bytes, asks) => {
        const reader = new Reader(Uint8Array.of(...bytes, 1, 2, 3).subarray(0, bytes.length));
        for (const asked of asks) {
          const before = reader.left;
          try {
            const read = typeof asked === "number" ? reader.bytes(asked) : reader[asked]();
            if (read instanceof Uint8Array) expect(read.length).toBeLessThanOrEqual(before);
          } catch (thrown) {
            expect(thrown).toEqual(isTroupeError("PROTOCOL"));
          }
          expect(reader.left).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  test("does not copy bytes", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(new Reader(bytes).bytes(2).buffer).toBe(bytes.buffer);
  });

  test("stays within narrowed bounds, and goes on behind them", () => {
    const reader = new Reader(Uint8Array.of(1, 2, 3, 4));
    const end = reader.narrow(2);
    expect(reader.left).toBe(2);
    expect(reader.u8()).toBe(1);
    expect(() => reader.bytes(2)).toThrow(isTroupeError("PROTOCOL", "2 bytes announced, 1 there"));
    reader.widen(end);
    expect([...reader.rest()]).toEqual([3, 4]);
    expect(() => reader.narrow(1)).toThrow(isTroupeError("PROTOCOL", "truncated"));
  });

  test("says how much is left over", () => {
    expect(() => new Reader(Uint8Array.of(1, 2)).finish()).toThrow(
      isTroupeError("PROTOCOL", "2 bytes too many"),
    );
  });

  test("refuses a text above its limit without reading it", () => {
    const reader = new Reader(Uint8Array.of(4, 65, 65, 65, 65));
    expect(() => reader.text(3)).toThrow(isTroupeError("PROTOCOL", "at most 3 are allowed"));
  });
});
