import { writeSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/** Ends the output of a run with one line for machines: `test: 12 passed, 0 failed, 1 skipped`. */
export class SummaryReporter implements Reporter {
  readonly #label: string;
  readonly #print: (line: string) => void;

  constructor(label: string, print: (line: string) => void = printLast) {
    this.#label = label;
    this.#print = print;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++;
      // A file that could not be loaded, or a failed hook, has no failed test to show for it.
      if (module.errors().length > 0) count.failed++;
      for (const suite of module.children.allSuites())
        if (suite.errors().length > 0) count.failed++;
    }
    const skipped = count.skipped + count.pending;
    const tail = skipped > 0 ? `, ${skipped} skipped` : "";
    this.#print(`${this.#label}: ${count.passed} passed, ${count.failed} failed${tail}`);
  }
}

/** At exit, because the other reporters still write after the run has ended. */
function printLast(line: string): void {
  process.once("exit", () => writeSync(1, `${line}\n`));
}
