import { expect } from "vitest";
import { type Report, type SimulationOptions, simulate } from "./simulation.ts";

/** Runs so many seeds, and fails with the first one that breaks an invariant: what, how, and its trace. */
export async function runSeeds(
  from: number,
  count: number,
  options: SimulationOptions = {},
): Promise<readonly Report[]> {
  const reports: Report[] = [];
  for (let seed = from; seed < from + count; seed++) {
    const report = await simulate(seed, options);
    if (report.faults.length > 0) expect.fail(explain(report));
    reports.push(report);
  }
  return reports;
}

function explain({ seed, mood, faults, trace }: Report): string {
  return [
    `seed ${seed} (${mood}): ${faults.length} faults. What led to the first:`,
    ...trace,
    "",
    ...faults.slice(0, 10),
    "",
    `To see it again: npm run sim -- --seeds 1 --from ${seed}`,
  ].join("\n");
}
