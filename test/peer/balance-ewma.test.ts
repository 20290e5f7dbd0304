import { describe, expect, it } from "vitest";
import { Soonest } from "../../src/peer/balance-ewma.ts";
import { randomFrom } from "../support/proxy.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** What is known of a unit, as far as a pick goes by it. */
class Timed {
  load = 0;
  latency: number | undefined;
  picked = 0;

  constructor(latency: number | undefined, load = 0) {
    this.latency = latency;
    this.load = load;
  }

  latencyAt(): number | undefined {
    return this.latency;
  }
}

/** How often each is picked. */
function picks(items: readonly Timed[], count: number): number[] {
  const soonest = new Soonest<Timed>(randomFrom(3), new VirtualClock());
  for (let i = 0; i < count; i++) {
    const item = soonest.pick(items);
    if (item !== undefined) item.picked++;
  }
  return items.map(({ picked }) => picked);
}

describe("of two", () => {
  it.each([
    ["the quicker one", new Timed(3), new Timed(4)],
    ["the one with less to do, when they are equally quick", new Timed(3), new Timed(3, 1)],
    ["the quicker one, also when it is busier", new Timed(3, 2), new Timed(10)],
    ["the slower one, when the quicker one has too much to do", new Timed(10), new Timed(3, 3)],
    ["one that was never measured", new Timed(undefined), new Timed(1)],
    [
      "one that was never measured only while it has no more to do",
      new Timed(1),
      new Timed(undefined, 1),
    ],
    [
      "one that was never measured when both have the same to do",
      new Timed(undefined, 2),
      new Timed(1, 2),
    ],
    [
      "the one with less to do when none was measured",
      new Timed(undefined, 1),
      new Timed(undefined, 2),
    ],
  ])("%s gets all", (_what, one, other) => {
    expect(picks([one, other], 20)).toEqual([20, 0]);
    one.picked = 0;
    expect(picks([other, one], 20)).toEqual([0, 20]);
  });

  it("both get calls when there is nothing to choose by", () => {
    for (const count of picks([new Timed(3), new Timed(3)], 1000))
      expect(Math.abs(count - 500)).toBeLessThan(50);
  });
});

describe("of many", () => {
  it("two that are not the same are compared, each pair as often as any other", () => {
    // Of three, the worst loses against whichever it meets; the best wins two pairs of three.
    const [best = 0, middle = 0, worst = 0] = picks(
      [new Timed(1), new Timed(2), new Timed(3)],
      3000,
    );
    expect(worst).toBe(0);
    expect(Math.abs(best - 2000)).toBeLessThan(100);
    expect(Math.abs(middle - 1000)).toBeLessThan(100);
  });

  it("no queue gets long, as it would by chance alone", () => {
    const items = Array.from({ length: 100 }, () => new Timed(5));
    const soonest = new Soonest<Timed>(randomFrom(5), new VirtualClock());
    for (let i = 0; i < 1000; i++) {
      const item = soonest.pick(items);
      if (item !== undefined) item.load++;
    }
    // By chance alone the longest of 100 would have about 18 of the 10 that are even.
    expect(Math.max(...items.map(({ load }) => load))).toBeLessThanOrEqual(13);
  });
});

it("takes the only one, and none when there is none", () => {
  const soonest = new Soonest<Timed>(randomFrom(1), new VirtualClock());
  const only = new Timed(5, 5);
  expect(soonest.pick([only])).toBe(only);
  expect(soonest.pick([])).toBeUndefined();
});
