import { describe, expect, it } from "vitest";
import { checkRoleName } from "../../src/peer/role-name.ts";
import { isTroupeError } from "../support/errors.ts";

describe("a role's name", () => {
  it("is any text of up to 255 bytes", () => {
    for (const name of ["a", "grüß gott", "a/b c@^1", "é".repeat(127)]) {
      expect(checkRoleName(name)).toBe(name);
    }
  });

  it.each([
    ["empty", ""],
    ["no text", 5],
    ["undefined", undefined],
    ["longer than 255 bytes", "x".repeat(256)],
    ["longer than 255 bytes in UTF-8", "é".repeat(128)],
    ["reserved", "$mesh"],
  ])("must not be %s", (_what, name) => {
    expect(() => checkRoleName(name)).toThrow(isTroupeError("BAD_ARGUMENT"));
  });
});
