import { expect, it } from "vitest";
import { cutUnderLoad } from "./cuts.ts";

const PAIRS = 10;

it("10,000 channels cut at random bytes under load lose nothing, and repeat nothing", {
  timeout: 900_000,
}, async () => {
  const pairs = Array.from({ length: PAIRS }, (_, i) => cutUnderLoad(1000, i));
  const outcomes = await Promise.all(pairs);
  expect(outcomes.flatMap(({ faults }) => faults)).toEqual([]);
  expect(outcomes.reduce((sum, { cuts }) => sum + cuts, 0)).toBe(10_000);
  expect(outcomes.reduce((sum, { requests }) => sum + requests, 0)).toBeGreaterThan(10_000);
});
