import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeText, encodeText } from "../../src/bytes/text.ts";
import { isTroupeError } from "../support/errors.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

describe("text", () => {
  test("survives UTF-8, short and long, ASCII and not", () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: "grapheme", maxLength: 100 }));
    fc.assert(
      fc.property(text, (original) => {
        const bytes = encodeText(original);
        expect(Buffer.from(bytes).toString("utf8")).toBe(original);
        expect(decodeText(bytes)).toBe(original);
      }),
    );
  });

  test("keeps a byte order mark, which is a character like any other", () => {
    expect(decodeText(encodeText("\uFEFFa"))).toBe("\uFEFFa");
  });

  test("replaces a lone surrogate, which UTF-8 cannot carry", () => {
    expect(decodeText(encodeText("a\uD800"))).toBe("a\uFFFD");
  });

  test.each([
    ["a byte that starts nothing", "80"],
    ["half a character", "c3"],
    ["an overlong form", "c0af"],
    ["a surrogate", "eda080"],
    ["more than Unicode has", "f4908080"],
    ["a bad byte behind much text", `${"61".repeat(100)}ff`],
  ])("is not %s", (_, hex) => {
    expect(() => decodeText(Buffer.from(hex, "hex"))).toThrow(
      isTroupeError("PROTOCOL", "text is not UTF-8"),
    );
  });
});
