import { describe, test } from "vitest";
import { runSeeds } from "./seeds.ts";

/** Told by run.ts. */
const { SIM_FROM = "1", SIM_SEEDS = "2000", SIM_TRACE = "200" } = process.env;
const AT_ONCE = 100;

describe("whole peers on a network that delays, cuts, swallows and kills", () => {
  const [from, count] = [Number(SIM_FROM), Number(SIM_SEEDS)];
  const starts = Array.from({ length: Math.ceil(count / AT_ONCE) }, (_, i) => from + i * AT_ONCE);

  test.each(starts)("keep what is promised, for up to 100 seeds from %d", async (start) => {
    await runSeeds(start, Math.min(AT_ONCE, from + count - start), { keep: Number(SIM_TRACE) });
  });
});
