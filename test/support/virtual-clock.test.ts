import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "./virtual-clock.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

/** What a plain sort says: the order in which timers of these times are to run. */
const sorted = (times: readonly number[]): number[] =>
  times.map((_, i) => i).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);

describe("the virtual clock", () => {
  test("runs timers by their time, equal ones as they were set, each at its moment", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), fc.array(fc.nat(100)), (times, cancelled) => {
        const clock = new VirtualClock(1000);
        const ran: [number, number][] = [];
        const timers = times.map((ms, i) => clock.after(ms, () => ran.push([i, clock.now()])));
        for (const i of cancelled) timers[i]?.cancel();
        const left = sorted(times).filter((i) => !cancelled.includes(i));
        expect(clock.timers).toBe(left.length);
        clock.tick(50);
        expect(ran).toEqual(left.map((i) => [i, 1000 + (times[i] ?? 0)]));
        expect([clock.now(), clock.timers, clock.untilNext]).toEqual([1050, 0, undefined]);
      }),
    );
  });

  test("runs a timer that a timer sets when its time falls into the same span", () => {
    const clock = new VirtualClock();
    const ran: number[] = [];
    clock.after(5, () => clock.after(5, () => ran.push(clock.now())));
    clock.tick(9);
    expect([ran, clock.untilNext]).toEqual([[], 1]);
    clock.tick(1);
    expect(ran).toEqual([10]);
  });

  test("runs what is soon before time goes on, and what that asks for, too", () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.after(1, () => ran.push("timer"));
    clock.soon(() => {
      ran.push("soon");
      clock.soon(() => ran.push("sooner or later"));
    });
    clock.tick(1);
    expect(ran).toEqual(["soon", "sooner or later", "timer"]);
  });

  test("lets promise jobs run before what is soon, and after each timer", async () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.soon(() => ran.push("soon"));
    void Promise.resolve().then(() => ran.push("job"));
    clock.after(1, () => void Promise.resolve().then(() => ran.push("job of the first")));
    clock.after(1, () => ran.push("second"));
    await clock.advance(1);
    expect(ran).toEqual(["job", "soon", "job of the first", "second"]);
  });

  test("cancels a timer once and harmlessly, before and after its time", () => {
    const clock = new VirtualClock();
    const timer = clock.after(1, () => {});
    clock.after(2, () => {});
    clock.tick(1);
    timer.cancel();
    timer.cancel();
    expect(clock.timers).toBe(1);
  });
});
