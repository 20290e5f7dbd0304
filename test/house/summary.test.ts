import { expect, test } from "vitest";
import type { TestModule } from "vitest/node";
import { SummaryReporter } from "../../.ci/summary-reporter.ts";

/** As much of vitest's result as the reporter reads. */
function moduleOf(states: readonly string[], moduleErrors = 0, suiteErrors = 0): TestModule {
  const errors =
    (count: number): (() => unknown[]) =>
    () =>
      Array(count).fill({ message: "no" });
  const part = {
    children: {
      allTests: () => states.map((state) => ({ result: () => ({ state }) })),
      allSuites: () => [{ errors: errors(suiteErrors) }],
    },
    errors: errors(moduleErrors),
  };
  return part as unknown as TestModule;
}

function lineFor(modules: readonly TestModule[], errors: readonly unknown[] = []): string {
  const lines: string[] = [];
  new SummaryReporter("test", (line) => lines.push(line)).onTestRunEnd(modules, errors);
  return lines.join("\n");
}

test("a run ends with one line of counts", () => {
  const modules = [moduleOf(["passed", "passed"]), moduleOf(["passed", "failed"])];
  expect(lineFor(modules)).toBe("test: 3 passed, 1 failed");
});

test("what was skipped or never came to its end is told", () => {
  expect(lineFor([moduleOf(["passed", "skipped", "pending"])])).toBe(
    "test: 1 passed, 0 failed, 2 skipped",
  );
});

test("a file that does not load, a failing hook and a stray rejection count as failures", () => {
  expect(lineFor([moduleOf([], 1)])).toBe("test: 0 passed, 1 failed");
  expect(lineFor([moduleOf(["passed"], 0, 1)])).toBe("test: 1 passed, 1 failed");
  expect(lineFor([moduleOf(["passed"])], [new Error("stray")])).toBe("test: 1 passed, 1 failed");
});
