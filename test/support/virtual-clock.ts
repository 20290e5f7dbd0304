import type { Clock, Timer } from "../../src/async/clock.ts";

/** Far more than any test needs: whoever gets here waits for something that never comes to rest. */
const ENDLESS = 1_000_000;

/** A timer in the heap; those due at the same moment run in the order in which they were set. */
class VirtualTimer implements Timer {
  readonly due: number;
  readonly order: number;
  run: (() => void) | undefined;
  readonly #cancelled: () => void;

  constructor(due: number, order: number, run: () => void, cancelled: () => void) {
    this.due = due;
    this.order = order;
    this.run = run;
    this.#cancelled = cancelled;
  }

  cancel(): void {
    if (this.run === undefined) return;
    this.run = undefined;
    this.#cancelled();
  }
}

/**
 * A {@link Clock} that stands still until it is driven by hand. Two ways to drive it:
 *
 * - {@link flush} and {@link tick} run at once, for code without promises;
 * - {@link settle} and {@link advance} let promise jobs run in between, for everything else.
 *
 * Both keep to one order: timers by their time, then by when they were set; after each timer all that
 * was given to `soon`. So a run depends on nothing but what is run.
 */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  #pending = 0;
  /** A binary heap: the next timer first. Cancelled ones stay until their time comes. */
  readonly #heap: VirtualTimer[] = [];
  #soon: (() => void)[] = [];

  constructor(start = 0) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Timer {
    const due = this.#now + Math.max(ms, 0);
    const timer = new VirtualTimer(due, this.#order++, run, () => {
      this.#pending--;
    });
    this.#pending++;
    push(this.#heap, timer);
    return timer;
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Timers that have neither run nor been cancelled. */
  get timers(): number {
    return this.#pending;
  }

  /** Milliseconds until the next timer, or `undefined` when there is none. */
  get untilNext(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.due - this.#now;
  }

  /** Runs all that was given to `soon`, and all that this gives to it. */
  flush(): void {
    for (let rounds = 0; this.#soon.length > 0; rounds++) {
      if (rounds === ENDLESS) throw new Error("the virtual clock never comes to rest");
      this.#turn();
    }
  }

  /** Lets `ms` milliseconds pass, with every timer at its time. */
  tick(ms: number): void {
    this.flush();
    const end = this.#now + ms;
    for (let next = this.#next(); next !== undefined && next.due <= end; next = this.#next()) {
      this.#fire(next);
      this.flush();
    }
    this.#now = end;
  }

  /** As {@link flush}, with promise jobs before and after; resolves when nothing is left to do now. */
  async settle(): Promise<void> {
    await promiseJobs();
    for (let rounds = 0; this.#soon.length > 0; rounds++) {
      if (rounds === ENDLESS) throw new Error("the virtual clock never comes to rest");
      this.#turn();
      await promiseJobs();
    }
  }

  /** As {@link tick}, with promise jobs after each timer. */
  async advance(ms: number): Promise<void> {
    await this.settle();
    const end = this.#now + ms;
    for (let next = this.#next(); next !== undefined && next.due <= end; next = this.#next()) {
      this.#fire(next);
      await this.settle();
    }
    this.#now = end;
  }

  #turn(): void {
    const batch = this.#soon;
    this.#soon = [];
    for (const run of batch) run();
  }

  #next(): VirtualTimer | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].run === undefined) pop(this.#heap);
    return this.#heap[0];
  }

  #fire(timer: VirtualTimer): void {
    pop(this.#heap);
    this.#now = timer.due;
    const { run } = timer;
    timer.cancel();
    run?.();
  }
}

/** Resolves when all promise jobs that are due have run. It takes a turn of the event loop, but no time. */
const promiseJobs = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const isBefore = (one: VirtualTimer, other: VirtualTimer): boolean =>
  one.due === other.due ? one.order < other.order : one.due < other.due;

function push(heap: VirtualTimer[], timer: VirtualTimer): void {
  let at = heap.push(timer) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(timer, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = timer;
}

/** Takes the first one out. */
function pop(heap: VirtualTimer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
    if (left === undefined) break;
    const goesRight = right !== undefined && isBefore(right, left);
    const child = goesRight ? right : left;
    if (!isBefore(child, last)) break;
    heap[at] = child;
    at = 2 * at + (goesRight ? 2 : 1);
  }
  heap[at] = last;
}
