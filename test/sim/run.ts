// npm run sim -- --seeds N --from S [--trace LINES]
import { parseArgs } from "node:util";
import { startVitest } from "vitest/node";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    trace: { type: "string", default: "200" },
  },
});
process.env["SIM_SEEDS"] = numberOf("seeds", values.seeds);
process.env["SIM_FROM"] = numberOf("from", values.from);
process.env["SIM_TRACE"] = numberOf("trace", values.trace);

// Vitest, as it can take the machine away from the modules of a peer; see seams.ts.
const vitest = await startVitest("test", ["test/sim/sim.long.ts"], { run: true, mode: "long" });
await vitest.close();

function numberOf(name: string, text: string): string {
  if (/^[1-9]\d{0,8}$/.test(text)) return text;
  throw new Error(`--${name} must be a whole number above 0, not ${text}`);
}
