import { describe, expect, test } from "vitest";
import type { Mangling } from "./net.ts";
import { runSeeds } from "./seeds.ts";
import { simulate } from "./simulation.ts";
import type { Totals } from "./workload.ts";

const SEEDS = 200;
const OUTCOMES = ["answered", "CANCELLED", "OUTCOME_UNKNOWN", "OVERLOADED", "REJECTED", "TIMEOUT"];
/** Few enough for the time that one test has, on a busy machine, too. */
const AT_ONCE = 20;

describe("whole peers on a network that delays, cuts, swallows and kills", () => {
  const starts = Array.from({ length: SEEDS / AT_ONCE }, (_, i) => 1 + i * AT_ONCE);

  test.each(starts)("keep what is promised, for 20 seeds from %d", async (from) => {
    const reports = await runSeeds(from, AT_ONCE);
    const outcomes = new Set(reports.flatMap(({ totals }) => [...totals.outcomes.keys()]));
    // Or else nothing that is worth looking at happened.
    for (const outcome of OUTCOMES) expect(outcomes).toContain(outcome);
    expect(new Set(reports.map(({ mood }) => mood)).size).toBe(3);
    const sum = (count: (totals: Totals) => number): number =>
      reports.reduce((before, { totals }) => before + count(totals), 0);
    expect(sum(({ messages }) => messages)).toBeGreaterThan(50);
    expect(sum(({ streams }) => streams.complete)).toBeGreaterThan(50);
    expect(sum(({ keyed }) => keyed.executions)).toBeGreaterThan(20);
    expect(sum(({ keyed }) => keyed.replays)).toBeGreaterThan(10);
    expect(sum(({ farewells }) => farewells)).toBeGreaterThan(10);
    expect(sum(({ stopped }) => stopped)).toBeGreaterThan(2);
    expect(sum(({ held }) => held)).toBeGreaterThan(10);
  });

  test("do exactly the same when a seed is run again", async () => {
    const sums: string[] = [];
    for (const seed of [7, 8, 9, 7, 8, 9]) sums.push((await simulate(seed)).sum);
    expect(sums.slice(3)).toEqual(sums.slice(0, 3));
    expect(new Set(sums).size).toBe(3);
  });
});

describe("a network that does what none may", () => {
  const mangled: readonly Mangling[] = ["duplicate", "swap", "swallow", "flip"];

  test.each(mangled)("to %s messages is noticed", async (how) => {
    const { faults, trace } = await simulate(1, { mangling: { how, often: 0.02 } });
    expect(faults).not.toEqual([]);
    expect(trace.at(-1)).toContain(`FAULT ${faults[0]}`);
  });
});
