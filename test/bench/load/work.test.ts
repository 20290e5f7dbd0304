import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startWork } from "../../../bench/load/work.ts";
import type { Worker } from "../../../bench/subjects/subject.ts";

/** Keeps calls until they are answered by hand. */
class Office implements Worker {
  readonly calls: ((answered: boolean) => void)[] = [];
  readonly asked: [number, number][] = [];
  closed = false;

  ask(work: number, deadline: number, done: (answered: boolean) => void): void {
    this.asked.push([work, deadline]);
    this.calls.push(done);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

describe("work of the bench", () => {
  it("keeps as many calls outstanding as it is told, and counts those that are answered", async () => {
    const office = new Office();
    const load = startWork(office, { work: 1, deadline: 1000, offered: { inFlight: 3 } });
    expect(office.asked).toEqual(Array.from({ length: 3 }, () => [1, 1000]));
    load.mark();
    office.calls.shift()?.(true);
    office.calls.shift()?.(false);
    expect([load.count, office.calls.length]).toEqual([1, 3]);
    const stopped = load.stop();
    for (const done of office.calls.splice(0)) done(true);
    load.mark();
    expect(await stopped).toMatchObject({ p99: expect.any(Number) });
    expect([load.count, office.calls.length, office.closed]).toEqual([4, 0, true]);
  });

  it("counts no answer that comes too late", async () => {
    const office = new Office();
    const load = startWork(office, { work: 1, deadline: 5, offered: { inFlight: 1 } });
    await delay(10);
    const stopped = load.stop();
    office.calls.shift()?.(true);
    await stopped;
    expect(load.count).toBe(0);
  });

  it("asks so many a second, whatever comes back", async () => {
    const office = new Office();
    const since = performance.now();
    const load = startWork(office, { work: 1, deadline: 1000, offered: { perSecond: 2000 } });
    await delay(100);
    const [asked, most] = [office.calls.length, (performance.now() - since) * 2 + 1];
    expect(asked).toBeGreaterThan(20);
    expect(asked).toBeLessThanOrEqual(most);
    const stopped = load.stop();
    for (const done of office.calls.splice(0)) done(false);
    await stopped;
    expect([load.count, office.calls.length]).toEqual([0, 0]);
  });
});
