import { expect, it } from "vitest";
import { callOptions, checkTimeout } from "../../src/peer/call-options.ts";
import { isTroupeError } from "../support/errors.ts";

it("takes an event name, or an object with one", () => {
  expect(callOptions("hello")).toEqual({ event: "hello" });
  const options = Object.freeze({ event: "hello", timeout: 5 });
  expect(callOptions(options)).toBe(options);
});

it.each([[undefined], [null], [5], [{}], [{ event: 5 }], [Symbol("hello")]])(
  "refuses %s",
  (target) => {
    expect(() => callOptions(target as string)).toThrow(isTroupeError("BAD_ARGUMENT", "event"));
  },
);

it("takes every timeout above 0, the endless one included", () => {
  expect(checkTimeout(0.5)).toBe(0.5);
  expect(checkTimeout(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
});

it.each([[0], [-1], [Number.NaN], ["100"], [null]])("refuses a timeout of %s", (timeout) => {
  expect(() => checkTimeout(timeout as number)).toThrow(isTroupeError("BAD_ARGUMENT", "timeout"));
});
