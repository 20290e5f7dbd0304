import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Kept, KeptAnswers } from "../../src/peer/idempotency-kept.ts";
import { requestOf } from "./idempotency-bench.ts";

const NOTHING = new Uint8Array();

function kept(key: string, caller = "ann", size = 1): Kept {
  return new Kept(requestOf(key, caller), NOTHING, 0, size);
}

/** Keeps one more, and drops what has to go for it. */
function keep(answers: KeptAnswers, one: Kept): Kept[] {
  const gone: Kept[] = [];
  answers.add(one);
  for (let next = answers.excess; next !== undefined; next = answers.excess) {
    answers.remove(next);
    gone.push(next);
  }
  return gone;
}

/** The same without any index: the oldest first in `all`. */
class Model {
  readonly #most: number;
  readonly #bytes: number;
  all: Kept[] = [];

  constructor(most: number, bytes: number) {
    this.#most = most;
    this.#bytes = bytes;
  }

  keep(one: Kept): Kept[] {
    const gone: Kept[] = [];
    if (one.size <= this.#bytes) this.all.push(one);
    while (this.all.length > this.#most || sizeOf(this.all) > this.#bytes) {
      const next = this.#excess();
      this.#checkShare(next.caller);
      this.all = this.all.filter((other) => other !== next);
      gone.push(next);
    }
    return gone;
  }

  /** The oldest answer of who holds most: the first one found of those with the greatest load. */
  #excess(): Kept {
    return this.all.reduce((most, one) =>
      this.#load(one.caller) > this.#load(most.caller) ? one : most,
    );
  }

  #load(caller: string): number {
    const own = this.all.filter((one) => one.caller === caller);
    return Math.max(own.length / this.#most, sizeOf(own) / this.#bytes);
  }

  #checkShare(caller: string): void {
    const callers = new Set(this.all.map((one) => one.caller)).size;
    expect(this.#load(caller) * callers).toBeGreaterThan(1);
  }
}

const sizeOf = (some: readonly Kept[]): number => some.reduce((sum, { size }) => sum + size, 0);

/** One more answer of somebody, or one that is dropped as its time is over. */
type Step = { readonly caller: number; readonly size: number } | { readonly drop: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ caller: fc.nat(12), size: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ drop: fc.nat(30) }) },
);

function take(now: Step, key: string, answers: KeptAnswers, model: Model): void {
  if ("size" in now) {
    const one = kept(key, `${now.caller}`, now.size);
    expect(keep(answers, one)).toEqual(model.keep(one));
    return;
  }
  for (const one of model.all.splice(now.drop, 1)) answers.remove(one);
}

describe("answers that are kept", () => {
  it("go as they should: the oldest of who holds most, and of nobody within its share", () => {
    const most = fc.integer({ min: 1, max: 20 });
    const bytes = fc.integer({ min: 5, max: 80 });
    fc.assert(
      fc.property(most, bytes, fc.array(step, { maxLength: 150 }), (number, size, steps) => {
        const answers = new KeptAnswers(number, size);
        const model = new Model(number, size);
        for (const [i, now] of steps.entries()) {
          take(now, `${i}`, answers, model);
          expect([answers.count, answers.oldest]).toEqual([model.all.length, model.all[0]]);
          for (const one of model.all) expect(answers.get(one.key)).toBe(one);
        }
      }),
    );
  });

  it("of many callers with as much each go by their age", () => {
    const answers = new KeptAnswers(100, 1000);
    const gone: string[] = [];
    for (let i = 0; i < 1000; i++)
      gone.push(...keep(answers, kept("k", `${i}`)).map(({ caller }) => caller));
    expect(gone).toEqual(Array.from({ length: 900 }, (_, i) => `${i}`));
  });

  it("of a few are safe from one with many, and from one with large ones", () => {
    const answers = new KeptAnswers(100, 1000);
    const few: Kept[] = [];
    for (let caller = 0; caller < 8; caller++)
      for (let i = 0; i < 10; i++) few.push(kept(`${i}`, `${caller}`));
    for (const one of few) keep(answers, one);
    for (let i = 0; i < 1000; i++) {
      keep(answers, kept(`${i}`, "many"));
      keep(answers, kept(`${i}`, "large", 300));
    }
    expect(few.filter(({ key }) => answers.get(key) === undefined)).toEqual([]);
    expect(answers.count).toBeLessThanOrEqual(100);
  });
});
