import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rate } from "../../src/peer/admission-rate.ts";

/** How many of so many calls at once are let through. */
const through = (rate: Rate, caller: string, now: number, calls: number): number =>
  Array.from({ length: calls }, () => rate.take(caller, now)).filter((wait) => wait === 0).length;

describe("the rate of a caller", () => {
  it("lets a burst through at once, and then one call for each token that comes", () => {
    const rate = new Rate({ perSecond: 10, burst: 3 });
    expect(through(rate, "a", 1000, 5)).toBe(3);
    expect(rate.take("a", 1000)).toBe(100);
    expect(rate.take("a", 1099)).toBe(1);
    expect(rate.take("a", 1100)).toBe(0);
    expect(rate.take("a", 1100)).toBe(100);
  });

  it("gives the whole burst back to who has waited, and no more than that", () => {
    const rate = new Rate({ perSecond: 10, burst: 3 });
    expect(through(rate, "a", 0, 3)).toBe(3);
    expect(through(rate, "a", 60_000, 10)).toBe(3);
  });

  it("is of each caller alone", () => {
    const rate = new Rate({ perSecond: 1 });
    expect([rate.take("a", 0), rate.take("b", 0), rate.take("a", 0)]).toEqual([0, 0, 1000]);
  });

  it("takes one call at once where fewer than one a second are allowed", () => {
    const rate = new Rate({ perSecond: 0.5 });
    expect([rate.take("a", 0), rate.take("a", 0), rate.take("a", 2000)]).toEqual([0, 2000, 0]);
  });

  it("forgets callers that have their whole burst again", () => {
    const rate = new Rate({ perSecond: 1000, burst: 1 });
    for (let caller = 0; caller < 100_000; caller++) rate.take(`${caller}`, caller);
    expect(rate.size).toBeLessThanOrEqual(1024);
  });

  it("never lets more through than the burst and the tokens that came", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 200 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 20 }),
        steps,
        (perSecond, burst, waits) => {
          const rate = new Rate({ perSecond, burst });
          let [now, taken] = [0, 0];
          for (const wait of waits) {
            now += wait;
            if (rate.take("a", now) === 0) taken++;
          }
          expect(taken).toBeLessThanOrEqual(burst + (now * perSecond) / 1000 + 0.01);
        },
      ),
    );
  });

  it("lets through who comes back when told to", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        (perSecond, burst, start) => {
          const rate = new Rate({ perSecond, burst });
          let early = 0;
          while (early === 0) early = rate.take("a", start);
          expect(rate.take("a", start + early)).toBe(0);
        },
      ),
    );
  });
});
