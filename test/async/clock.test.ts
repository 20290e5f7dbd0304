import { afterEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../src/async/clock.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("the system clock", () => {
  test("never goes back and counts milliseconds", () => {
    const before = systemClock.now();
    const real = performance.now();
    expect(systemClock.now() - before).toBeGreaterThanOrEqual(0);
    expect(Math.abs(real - before)).toBeLessThan(1000);
  });

  test("runs a timer once, after its time, unless it is cancelled", () => {
    vi.useFakeTimers();
    const ran: string[] = [];
    systemClock.after(10, () => ran.push("kept"));
    systemClock.after(10, () => ran.push("cancelled")).cancel();
    vi.advanceTimersByTime(9);
    expect(ran).toEqual([]);
    vi.advanceTimersByTime(20);
    expect(ran).toEqual(["kept"]);
  });

  test.each([2 ** 31, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY])(
    "does not fire at once when asked to wait %d ms, which platform timers cannot",
    (ms) => {
      vi.useFakeTimers();
      const ran: string[] = [];
      systemClock.after(ms, () => ran.push("too early")).cancel();
      const timer = systemClock.after(ms, () => ran.push("too early"));
      vi.advanceTimersByTime(60_000);
      timer.cancel();
      expect(ran).toEqual([]);
    },
  );

  test("keeps no process alive for an idle timer, and one for any other", () => {
    const active = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = active();
    const idle = systemClock.after(60_000, () => {}, true);
    expect(active()).toBe(before);
    const busy = systemClock.after(60_000, () => {});
    expect(active()).toBe(before + 1);
    idle.cancel();
    busy.cancel();
    expect(active()).toBe(before);
  });

  test("runs what is soon in order, behind all promise jobs", async () => {
    expect(await orderOf(systemClock.soon)).toEqual(["job", "job's job", "first", "second"]);
  });

  test("does the same where there is no setImmediate", async () => {
    vi.stubGlobal("setImmediate", undefined);
    vi.resetModules();
    const { systemClock: elsewhere } = await import("../../src/async/clock.ts");
    expect(await orderOf(elsewhere.soon)).toEqual(["job", "job's job", "first", "second"]);
  });
});

function orderOf(soon: (run: () => void) => void): Promise<string[]> {
  return new Promise((resolve) => {
    const order: string[] = [];
    soon(() => order.push("first"));
    soon(() => {
      order.push("second");
      resolve(order);
    });
    void Promise.resolve()
      .then(() => order.push("job"))
      .then(() => order.push("job's job"));
  });
}
