import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Backoff } from "../../src/async/backoff.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

const waits = (backoff: Backoff, count: number): number[] =>
  Array.from({ length: count }, () => backoff.next());

describe("back-off", () => {
  test("comes again at once, then within a bound that doubles up to the largest", () => {
    const backoff = new Backoff(() => 1 - Number.EPSILON, { first: 250, most: 3000 });
    expect(waits(backoff, 8)).toEqual([0, 250, 500, 1000, 2000, 3000, 3000, 3000]);
  });

  test("spreads its waits over the whole of each bound", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999_999, noNaN: true }), (random) => {
        const expected = [0, 250, 500, 1000].map((bound) => Math.ceil(random * bound));
        expect(waits(new Backoff(() => random), 4)).toEqual(expected);
      }),
    );
  });

  test("waits half a minute at most by default, however long it has failed", () => {
    const backoff = new Backoff(() => 1 - Number.EPSILON);
    expect(waits(backoff, 2000).at(-1)).toBe(30_000);
  });

  test("starts from the beginning after a success", () => {
    const backoff = new Backoff(() => 0.5);
    const before = waits(backoff, 4);
    backoff.reset();
    expect(waits(backoff, 4)).toEqual(before);
  });
});
