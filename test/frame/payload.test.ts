import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePayload, encodePayload, Payload } from "../../src/frame/payload.ts";
import { bytes, hex } from "../crypto/support.ts";
import { isTroupeError } from "../support/errors.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

/** What arrives when `data` is sent. */
const arrived = (data: unknown): unknown => {
  const { tag, bytes } = encodePayload(data);
  return decodePayload(new Payload(tag, Uint8Array.from(bytes)));
};

describe("a payload", () => {
  test.each<[unknown, unknown, string]>([
    [undefined, null, "null"],
    [null, null, "null"],
    [true, true, "boolean"],
    [false, false, "boolean"],
    ["", "", "string"],
    ["Grüße 🎭", "Grüße 🎭", "string"],
    [-0, -0, "number"],
    [Number.NaN, Number.NaN, "number"],
    [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, "number"],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, "number"],
    [Number.MIN_VALUE, Number.MIN_VALUE, "number"],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 2), "binary"],
    [Uint8Array.of(1, 2).buffer, Uint8Array.of(1, 2), "binary"],
    [Buffer.from([1, 2]), Uint8Array.of(1, 2), "binary"],
    [new Uint8Array(0), new Uint8Array(0), "binary"],
    [[], [], "object"],
    [{}, {}, "object"],
    [7n, 7n, "object"],
    [new Date(5), new Date(5), "object"],
  ])("of %o arrives as %o, of type %s %s", (sent, expected, type) => {
    expect(Object.is(arrived(sent), expected) || arrived(sent)).toEqual(
      typeof expected === "object" && expected !== null ? expected : true,
    );
    expect(encodePayload(sent).type).toBe(type);
  });

  test("of any number or text arrives exactly", () => {
    const value = fc.oneof(fc.double(), fc.integer(), fc.string({ unit: "grapheme" }));
    fc.assert(fc.property(value, (sent) => Object.is(arrived(sent), sent)));
  });

  test("of bytes is neither copied when it is sent nor when it is received", () => {
    const sent = new Uint8Array(8).subarray(2, 5);
    const { tag, bytes } = encodePayload(sent);
    expect(bytes).toBe(sent);
    expect(decodePayload(new Payload(tag, bytes))).toBe(sent);
  });

  test.each([
    ["null with a byte", 0, "00"],
    ["false with a byte", 1, "00"],
    ["true with a byte", 2, "01"],
    ["a number of no bytes", 5, ""],
    ["a number of 7 bytes", 5, "00000000000000"],
    ["a number of 9 bytes", 5, "000000000000000000"],
    ["text that is no UTF-8", 4, "ff"],
    ["an object of no bytes", 6, ""],
    ["an object and a byte", 6, "9000"],
    ["a type there is not", 7, ""],
    ["the last type there is not", 255, ""],
  ])("that is %s is refused", (_, tag, hex) => {
    expect(() => decodePayload(new Payload(tag, bytes(hex)))).toThrow(isTroupeError("PROTOCOL"));
  });

  test("of an unknown type has no name for it", () => {
    expect(() => new Payload(7, bytes("")).type).toThrow(isTroupeError("PROTOCOL", "type 7"));
  });

  test("is a number big-endian and text in UTF-8, for other languages", () => {
    expect(hex(encodePayload(1).bytes)).toBe("3ff0000000000000");
    expect(hex(encodePayload("é").bytes)).toBe("c3a9");
  });
});
