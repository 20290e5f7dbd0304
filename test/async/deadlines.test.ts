import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Deadlines, Expiring } from "../../src/async/deadlines.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

/** Remembers when its time was over. */
class Entry extends Expiring {
  readonly expired: number[] = [];
  readonly #clock: VirtualClock;
  readonly #then: (entry: Entry) => void;

  constructor(clock: VirtualClock, then: (entry: Entry) => void = () => {}) {
    super();
    this.#clock = clock;
    this.#then = then;
  }

  expire(): void {
    this.expired.push(this.#clock.now());
    this.#then(this);
  }
}

/** An entry as the test knows it. */
interface Known {
  readonly entry: Entry;
  readonly due: number;
  removed: boolean;
}

type Step = { readonly add: number } | { readonly remove: number } | { readonly pass: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ add: fc.constantFrom(10, 20, 50) }),
  fc.record({ remove: fc.nat(20) }),
  fc.record({ pass: fc.nat(30) }),
);

function take(step: Step, clock: VirtualClock, deadlines: Deadlines, known: Known[]): void {
  if ("pass" in step) {
    clock.tick(step.pass);
  } else if ("add" in step) {
    const entry = new Entry(clock);
    deadlines.add(entry, step.add);
    known.push({ entry, due: clock.now() + step.add, removed: false });
  } else {
    const one = known[step.remove];
    if (one === undefined) return;
    if (clock.now() < one.due) one.removed = true;
    deadlines.remove(one.entry);
  }
}

describe("deadlines", () => {
  test("expire each entry once, at its time, unless it was removed before", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new VirtualClock();
        const deadlines = new Deadlines(clock);
        const known: Known[] = [];
        for (const step of steps) {
          take(step, clock, deadlines, known);
          expect(clock.timers).toBeLessThanOrEqual(3);
        }
        clock.tick(50);
        expect(known.map(({ entry }) => entry.expired)).toEqual(
          known.map(({ removed, due }) => (removed ? [] : [due])),
        );
        expect(clock.timers).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test("take one timer for thousands of equal durations, and touch none when entries are removed", () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    const entries = Array.from({ length: 5000 }, () => new Entry(clock));
    for (const entry of entries) deadlines.add(entry, 100);
    expect(clock.timers).toBe(1);
    for (const entry of entries) deadlines.remove(entry);
    expect(clock.timers).toBe(1);
    clock.tick(100);
    expect([clock.timers, entries.some(({ expired }) => expired.length > 0)]).toEqual([0, false]);
  });

  test("wait on for a later entry when the head was removed", () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    const [first, second] = [new Entry(clock), new Entry(clock)];
    deadlines.add(first, 100);
    clock.tick(60);
    deadlines.add(second, 100);
    deadlines.remove(first);
    clock.tick(99);
    expect(second.expired).toEqual([]);
    clock.tick(1);
    expect(second.expired).toEqual([160]);
  });

  test("take an entry again that starts its time anew when it expires", () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    const heartbeat = new Entry(clock, (entry) => deadlines.add(entry, 10));
    deadlines.add(heartbeat, 10);
    clock.tick(35);
    expect(heartbeat.expired).toEqual([10, 20, 30]);
  });

  test("let an expiring entry remove the next one", () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    const next = new Entry(clock);
    deadlines.add(new Entry(clock, () => deadlines.remove(next)), 10);
    deadlines.add(next, 10);
    clock.tick(10);
    expect(next.expired).toEqual([]);
  });

  test("take a removed entry again, and do not mind one that never waited", () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    const entry = new Entry(clock);
    deadlines.remove(entry);
    deadlines.add(entry, 10);
    deadlines.remove(entry);
    deadlines.remove(entry);
    deadlines.add(entry, 30);
    clock.tick(30);
    expect(entry.expired).toEqual([30]);
  });

  test("go on when one of them throws, whose error surfaces", () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    const other = new Entry(clock);
    const error = new Error("of the entry");
    deadlines.add(
      new Entry(clock, () => {
        throw error;
      }),
      10,
    );
    deadlines.add(other, 10);
    expect(() => clock.tick(10)).toThrow(error);
    clock.tick(10);
    expect(other.expired.length).toBe(1);
    expect(clock.timers).toBe(0);
  });

  test("stay usable when they are cleared and filled again from within", () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    const next = new Entry(clock);
    const clearing = new Entry(clock, () => {
      deadlines.clear();
      deadlines.add(next, 10);
    });
    deadlines.add(clearing, 10);
    deadlines.add(new Entry(clock), 10);
    clock.tick(30);
    expect([next.expired, clock.timers]).toEqual([[20], 0]);
  });

  test("are gone without a sound when they are cleared", () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    const entries = [10, 10, 20].map((ms) => {
      const entry = new Entry(clock);
      deadlines.add(entry, ms);
      return entry;
    });
    deadlines.clear();
    expect(clock.timers).toBe(0);
    clock.tick(20);
    expect(entries.flatMap(({ expired }) => expired)).toEqual([]);
    const later = new Entry(clock);
    deadlines.add(later, 10);
    clock.tick(10);
    expect(later.expired).toEqual([30]);
  });
});
