import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Window, type WindowBudget } from "../../src/connection/native/window.ts";
import { FIRST, KIB, SMALL } from "./streams-support.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

const LARGEST = 4096 * KIB;

/** So much may be promised, at a time and a distance that a test sets. */
class Budget implements WindowBudget {
  leastRtt: number | undefined;
  probes = 0;
  time = 0;
  left: number;

  constructor(left = 64 * 1024 * KIB, rtt?: number) {
    this.left = left;
    this.leastRtt = rtt;
  }

  claim(bytes: number): number {
    const claimed = Math.min(bytes, this.left);
    this.left -= claimed;
    return claimed;
  }
  release(bytes: number): void {
    this.left += bytes;
  }
  probe(): void {
    this.probes++;
  }
  now(): number {
    return this.time;
  }
}

/** Takes and reads so much at once; what is granted for it. */
function through(window: Window, bytes: number): number {
  expect(window.take(bytes)).toBe(true);
  return window.read(bytes);
}

describe("a window", () => {
  test("is opened once, however often it is asked for", () => {
    const budget = new Budget();
    const window = new Window(budget);
    expect([window.open(), window.open()]).toEqual([FIRST, FIRST]);
    window.drop();
    expect(budget.left).toBe(new Budget().left);
  });

  test("grants what was read, once that is half of it", () => {
    const window = new Window(new Budget());
    window.open();
    expect(through(window, FIRST / 2 - 1)).toBe(0);
    expect(through(window, 1)).toBe(FIRST / 2);
    expect(window.take(FIRST)).toBe(true);
    expect([window.take(1), window.unread]).toEqual([false, FIRST]);
    expect(window.read(FIRST)).toBe(FIRST);
  });

  test("has the round trip measured until it is a short one, and does not grow on a guess", () => {
    const budget = new Budget();
    const window = new Window(budget);
    window.open();
    expect([through(window, FIRST / 2), budget.probes]).toEqual([FIRST / 2, 1]);
    budget.leastRtt = 40;
    expect([through(window, FIRST / 2), budget.probes]).toEqual([FIRST / 2 + FIRST, 2]);
    budget.leastRtt = 1;
    expect([through(window, FIRST), budget.probes]).toEqual([FIRST, 2]);
  });

  test("holds nothing before it is opened", () => {
    const window = new Window(new Budget());
    expect([window.take(0), window.take(1), window.unread]).toEqual([true, false, 0]);
  });

  test.each<[string, number | undefined, number]>([
    ["whose distance nobody knows", undefined, 0],
    ["to somebody near", 1.9, 0],
    ["whose reader takes its time", 50, 101],
  ])("%s does not grow", (_, rtt, wait) => {
    const budget = new Budget(1024 * KIB, rtt);
    const window = new Window(budget);
    window.open();
    for (let i = 0; i < 20; i++) {
      budget.time += wait;
      expect(through(window, FIRST / 2)).toBe(FIRST / 2);
    }
  });

  test("to somebody far who fills it within two round trips doubles, up to 4 MiB", () => {
    const budget = new Budget(undefined, 50);
    const window = new Window(budget);
    let size = window.open();
    const sizes = [size];
    for (let i = 0; i < 8; i++) {
      budget.time += 100;
      size += through(window, size / 2) - size / 2;
      sizes.push(size);
    }
    const most = LARGEST;
    expect(sizes).toEqual([FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST, most, most, most, most, most]);
    expect([window.take(LARGEST), window.take(1)]).toEqual([true, false]);
    window.drop();
    expect(budget.left).toBe(new Budget().left);
  });

  test("grows by what may still be promised", () => {
    const budget = new Budget(FIRST - SMALL + 5, 50);
    const window = new Window(budget);
    window.open();
    expect(through(window, FIRST / 2)).toBe(FIRST / 2 + 5);
    expect(budget.left).toBe(0);
  });

  test("is small when much is promised already, and never less", () => {
    const budget = new Budget(FIRST);
    const windows = Array.from({ length: 4 }, () => new Window(budget));
    expect(windows.map((window) => window.open())).toEqual([FIRST, 2 * SMALL, SMALL, SMALL]);
    expect(windows.map((window) => through(window, SMALL / 2))).toEqual([
      0,
      0,
      SMALL / 2,
      SMALL / 2,
    ]);
    for (const window of windows) window.end();
    expect(budget.left).toBe(FIRST);
  });

  test("keeps what unread bytes need when nothing more comes, until they are read or dropped", () => {
    const budget = new Budget(FIRST);
    const window = new Window(budget);
    window.open();
    window.take(100 * KIB);
    window.end();
    expect(budget.left).toBe(FIRST - (100 * KIB - SMALL));
    expect(window.read(60 * KIB)).toBe(0);
    expect([budget.left, window.unread]).toEqual([FIRST - (40 * KIB - SMALL), 40 * KIB]);
    window.drop();
    window.drop();
    expect([budget.left, window.unread]).toEqual([FIRST, 0]);
  });

  test("never promises more than its size, never gets stuck, and gives all back", () => {
    const step = fc.tuple(fc.nat(2 * FIRST), fc.nat(2 * FIRST), fc.nat(120));
    fc.assert(
      fc.property(fc.nat(5000 * KIB), fc.array(step), fc.boolean(), (left, steps, dropped) => {
        const budget = new Budget(left, 50);
        const window = new Window(budget);
        let granted = window.open();
        for (const [takes, reads, wait] of steps) {
          budget.time += wait;
          const taken = Math.min(takes, granted);
          expect(window.take(taken)).toBe(true);
          granted -= taken;
          granted += window.read(Math.min(reads, window.unread));
          expect(granted + window.unread).toBeLessThanOrEqual(SMALL + left - budget.left);
          expect(window.take(granted + 1)).toBe(false);
        }
        // Whatever was used up, reading all lets somebody send again.
        if (granted === 0) granted += window.read(window.unread);
        expect(granted).toBeGreaterThan(0);
        if (dropped) window.drop();
        else {
          window.end();
          while (window.unread > 0) window.read(Math.min(window.unread, 70_000));
        }
        expect(budget.left).toBe(left);
      }),
      { numRuns: 300 },
    );
  });
});
