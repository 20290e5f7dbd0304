import { expect, it } from "vitest";
import { checkAllow } from "../../src/peer/allow.ts";

const ANN = "0a".repeat(32);
const BEN = "0b".repeat(32);

it("allows everybody where nothing is said", () => {
  expect(checkAllow("allow", undefined)(ANN)).toBe(true);
});

it("allows those on the list, and nobody by an empty one", () => {
  const allowed = checkAllow("allow", [ANN]);
  expect([allowed(ANN), allowed(BEN)]).toEqual([true, false]);
  expect(checkAllow("allow", [])(ANN)).toBe(false);
});

it("knows a key in capitals", () => {
  expect(checkAllow("allow", [ANN.toUpperCase()])(ANN)).toBe(true);
});

it("takes the list as it was when it was given", () => {
  const list = [ANN];
  const allowed = checkAllow("allow", list);
  list.push(BEN);
  expect(allowed(BEN)).toBe(false);
});

it("asks a function each time", () => {
  const known = new Set<string>();
  const allowed = checkAllow("allow", (id) => known.has(id));
  expect(allowed(ANN)).toBe(false);
  known.add(ANN);
  expect(allowed(ANN)).toBe(true);
});

it("takes nothing but true for a yes", () => {
  const sloppy = (): boolean => JSON.parse('"yes"') as boolean;
  expect(checkAllow("allow", sloppy)(ANN)).toBe(false);
});

it("takes a function that throws for a no", () => {
  const broken = (): boolean => {
    throw new Error("the database is away");
  };
  expect(checkAllow("allow", broken)(ANN)).toBe(false);
});

it.each([
  ["a key that is none", ["abcd"]],
  ["a text", ANN],
  ["an object", {}],
])("refuses %s, and says which option it is", (_what, allow) => {
  expect(() => checkAllow("role x: allow", allow as string[])).toThrow(
    expect.objectContaining({ code: "BAD_ARGUMENT" }),
  );
});
