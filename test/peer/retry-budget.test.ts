import { expect, it } from "vitest";
import { RetryBudget } from "../../src/peer/retry-budget.ts";

/** How many retries it gives at once. */
function drained(budget: RetryBudget, now: number): number {
  let count = 0;
  while (budget.take(now)) count++;
  return count;
}

it("gives 100 retries to begin with, and one more for every five requests", () => {
  const budget = new RetryBudget(0);
  expect(drained(budget, 0)).toBe(100);
  budget.requests += 4;
  expect(drained(budget, 1)).toBe(0);
  budget.requests += 1;
  expect(drained(budget, 2)).toBe(1);
});

it("never adds more than a fifth to the load, however long all fails", () => {
  const budget = new RetryBudget(0);
  let retries = 0;
  for (let now = 0; now < 600_000; now += 10) {
    budget.requests += 10;
    for (let i = 0; i < 20; i++) if (budget.take(now)) retries++;
  }
  expect(retries).toBeLessThanOrEqual(600_000 / 5 + 100);
  expect(retries).toBeGreaterThan(600_000 / 5 - 100);
});

it("saves what ten seconds of the load earn, for a loss that takes all at once", () => {
  const busy = new RetryBudget(0);
  busy.requests += 2000 * 60;
  expect(drained(busy, 60_000)).toBe(4000);
  const idle = new RetryBudget(0);
  idle.requests += 60;
  expect(drained(idle, 60_000)).toBe(100);
});
