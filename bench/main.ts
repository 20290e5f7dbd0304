/** `npm run bench`: Troupe beside bare `ws`, in one run on one machine. See README.md. */
import { loadavg } from "node:os";
import { buildChildren, requireFreshPackage } from "./build.ts";
import { parseOptions } from "./options.ts";
import { jsonLines, report } from "./report.ts";
import { Run } from "./run.ts";

// An exit by signal is an exit, too: what was built for the children goes.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

try {
  const options = parseOptions(process.argv.slice(2));
  warnWhenBusy();
  if (options.subjects.includes("troupe")) requireFreshPackage();
  const results = await new Run(buildChildren(), options, progress).run();
  progress("");
  process.stdout.write(options.json ? jsonLines(results) : report(results));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** The pair wants its two cores for itself. */
function warnWhenBusy(): void {
  const [load = 0] = loadavg();
  if (load <= 0.5) return;
  process.stderr.write(
    `bench: the machine is busy (load ${load.toFixed(1)} in the last minute); expect a wide spread\n`,
  );
}

/** For whoever watches; never in a pipe. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
