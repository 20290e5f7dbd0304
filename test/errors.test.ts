import { describe, expect, test } from "vitest";
import {
  badArgument,
  broken,
  messageOf,
  shown,
  TroupeError,
  toTroupeError,
} from "../src/errors.ts";
import { isTroupeError } from "./support/errors.ts";

describe("a TroupeError", () => {
  test("carries code, message, cause and details", () => {
    const cause = new Error("below");
    const error = new TroupeError("REJECTED", "no", { cause, details: { seats: 0 } });
    expect(error).toMatchObject({ name: "TroupeError", code: "REJECTED", message: "no" });
    expect([error.cause, error.details]).toEqual([cause, { seats: 0 }]);
    expect(error).toBeInstanceOf(Error);
    expect(new TroupeError("TIMEOUT", "late")).not.toHaveProperty("details", expect.anything());
  });

  test("is recognised when it comes from another copy of the package", () => {
    const foreign = Object.assign(new Error("x"), { name: "TroupeError", code: "TIMEOUT" });
    expect(foreign instanceof TroupeError).toBe(true);
  });

  test.each([
    ["an error without a code", Object.assign(new Error("x"), { name: "TroupeError" })],
    ["an error of another name", Object.assign(new Error("x"), { code: "TIMEOUT" })],
    ["an object that looks like one", { name: "TroupeError", code: "TIMEOUT", message: "x" }],
    ["nothing", undefined],
  ])("is not %s", (_, value: unknown) => {
    expect(value instanceof TroupeError).toBe(false);
  });

  test("comes with the code of what went wrong", () => {
    expect(broken("bytes")).toEqual(isTroupeError("PROTOCOL", "bytes"));
    expect(badArgument("port")).toEqual(isTroupeError("BAD_ARGUMENT", "port"));
  });
});

describe("what foreign code threw", () => {
  test("is wrapped and kept as the cause", () => {
    const thrown = new RangeError("out of room");
    const error = toTroupeError(thrown, "CONNECT_FAILED", "cannot connect");
    expect(error).toEqual(isTroupeError("CONNECT_FAILED", "cannot connect: out of room"));
    expect(error.cause).toBe(thrown);
  });

  test("stays as it is when it is a TroupeError", () => {
    const thrown = new TroupeError("LIMIT", "enough");
    expect(toTroupeError(thrown, "PROTOCOL", "record refused")).toBe(thrown);
  });

  test.each([
    [new Error("a message"), "a message"],
    ["a text", "a text"],
    [undefined, "undefined"],
    [7n, "7"],
    [Symbol("s"), "Symbol(s)"],
    [Object.create(null), "a value that cannot be shown"],
    [Object.assign(new Error("x"), { message: 5 }), "5"],
  ])("always has a text", (thrown: unknown, text) => {
    expect(messageOf(thrown)).toBe(text);
  });
});

describe("text from the other side", () => {
  test("is shown on one line, between quotes, and not without end", () => {
    expect(shown('a "b"\n\u001b[31m')).toBe('"a \\"b\\"\\n\\u001b[31m"');
    expect(shown("x".repeat(1000)).length).toBe(202);
  });
});
