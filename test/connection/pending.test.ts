import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Pending } from "../../src/connection/pending.ts";
import { isTroupeError } from "../support/errors.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

/** What the table must be like: numbers in use, each with its waiter or with nobody any more. */
interface Model {
  readonly slots: Map<number, object | undefined>;
}

const used = (model: Model): number => model.slots.size;
const waiting = (model: Model): object[] =>
  [...model.slots.values()].filter((waiter) => waiter !== undefined);

/** The `index`-th number in use, or one that is not in use. */
const numberAt = ({ slots }: Model, index: number): number =>
  [...slots.keys()][index % (slots.size + 1)] ?? 1_000_000;

class Add implements fc.Command<Model, Pending<object>> {
  check = (): boolean => true;
  run(model: Model, pending: Pending<object>): void {
    const waiter = {};
    const correlation = pending.add(waiter);
    expect(model.slots.has(correlation)).toBe(false);
    // Numbers stay small: none is taken while a smaller table would do.
    expect(correlation).toBeLessThanOrEqual(pending.used);
    model.slots.set(correlation, waiter);
  }
  toString = (): string => "add";
}

class Take implements fc.Command<Model, Pending<object>> {
  readonly index: number;
  constructor(index: number) {
    this.index = index;
  }
  check = (): boolean => true;
  run(model: Model, pending: Pending<object>): void {
    const correlation = numberAt(model, this.index);
    if (model.slots.has(correlation)) {
      expect(pending.take(correlation)).toBe(model.slots.get(correlation));
      model.slots.delete(correlation);
    }
    expect(() => pending.take(correlation)).toThrow(isTroupeError("PROTOCOL", "was not asked"));
  }
  toString = (): string => `take ${this.index}`;
}

class Abandon implements fc.Command<Model, Pending<object>> {
  readonly index: number;
  readonly stranger: boolean;
  constructor(index: number, stranger: boolean) {
    this.index = index;
    this.stranger = stranger;
  }
  check = (): boolean => true;
  run(model: Model, pending: Pending<object>): void {
    const correlation = numberAt(model, this.index);
    const waiter = this.stranger ? {} : model.slots.get(correlation);
    pending.abandon(correlation, waiter ?? {});
    if (!this.stranger && model.slots.has(correlation)) model.slots.set(correlation, undefined);
  }
  toString = (): string => `abandon ${this.index}`;
}

class Clear implements fc.Command<Model, Pending<object>> {
  check = (): boolean => true;
  run(model: Model, pending: Pending<object>): void {
    const waiters = pending.clear();
    expect(new Set(waiters)).toEqual(new Set(waiting(model)));
    expect(waiters.length).toBe(waiting(model).length);
    model.slots.clear();
  }
  toString = (): string => "clear";
}

class Count implements fc.Command<Model, Pending<object>> {
  check = (): boolean => true;
  run(model: Model, pending: Pending<object>): void {
    expect([pending.used, pending.size]).toEqual([used(model), waiting(model).length]);
  }
  toString = (): string => "count";
}

describe("pending calls", () => {
  test("keep to their model, whatever is done to them", () => {
    const commands = fc.commands(
      [
        fc.constant(new Add()),
        fc.nat(30).map((index) => new Take(index)),
        fc.tuple(fc.nat(30), fc.boolean()).map((args) => new Abandon(...args)),
        fc.constant(new Count()),
        fc.constant(new Clear()),
      ],
      { maxCommands: 100 },
    );
    fc.assert(
      fc.property(commands, (steps) => {
        fc.modelRun(() => ({ model: { slots: new Map() }, real: new Pending<object>() }), steps);
      }),
      { numRuns: 300 },
    );
  });

  test("use a number again as soon as its answer is there, and not before", () => {
    const pending = new Pending<object>();
    const [first, second] = [{}, {}];
    expect([pending.add(first), pending.add(second)]).toEqual([0, 1]);
    pending.abandon(0, first);
    expect(pending.add({})).toBe(2);
    expect(pending.take(0)).toBeUndefined();
    expect(pending.add({})).toBe(0);
  });

  test.each([-1, 0.5, 7, 2 ** 32, Number.MAX_SAFE_INTEGER])(
    "were never asked under %d",
    (number) => {
      const pending = new Pending<object>();
      pending.add({});
      expect(() => pending.take(number)).toThrow(isTroupeError("PROTOCOL"));
    },
  );
});
