import { describe, expect, it } from "vitest";
import { quantile, spread } from "../../bench/stats.ts";

describe("bench statistics", () => {
  it("takes the value at the nearest rank as quantile", () => {
    const sorted = Array.from({ length: 200 }, (_, index) => index + 1);
    expect([0, 0.5, 0.99, 1].map((q) => quantile(sorted, q))).toEqual([1, 100, 198, 200]);
  });

  it("takes the middle of an odd number of rounds as their median, whatever their order", () => {
    expect(spread([10, 9, 200])).toEqual({ median: 10, min: 9, max: 200 });
  });

  it("takes the mean of the two in the middle of an even number", () => {
    expect(spread([4, 1, 3, 100])).toEqual({ median: 3.5, min: 1, max: 100 });
  });
});
