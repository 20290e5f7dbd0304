import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Deferred, defer } from "../../src/async/deferred.ts";
import { InOrder } from "../../src/async/in-order.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

/** One result: there at once, or in its turn among those that come later; as a value or a failure. */
const result = fc.record({ late: fc.boolean(), rank: fc.nat(1000), fails: fc.boolean() });

describe("in order", () => {
  test("hands over what was pushed, whatever comes when, up to the first failure", async () => {
    const results = fc.array(result, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(results, fc.boolean(), async (pushes, mayFail) => {
        const heard: number[] = [];
        const failures: unknown[] = [];
        const order = new InOrder<number>(
          (value) => heard.push(value),
          (reason) => failures.push(reason),
        );
        const waiting: {
          deferred: Deferred<number>;
          index: number;
          rank: number;
          fails: boolean;
        }[] = [];
        pushes.forEach(({ late, rank, fails }, index) => {
          if (!late) {
            order.push(index);
            return;
          }
          const deferred = defer<number>();
          waiting.push({ deferred, index, rank, fails: fails && mayFail });
          order.push(deferred.promise);
        });
        waiting.sort((a, b) => a.rank - b.rank);
        for (const { deferred, index, fails } of waiting) {
          if (fails) deferred.reject(new Error(String(index)));
          else deferred.resolve(index);
          await Promise.resolve();
        }
        await order.settled();
        const failing = pushes.findIndex(({ late, fails }) => late && fails && mayFail);
        const all = pushes.map((_, index) => index);
        expect(heard).toEqual(failing < 0 ? all : all.slice(0, failing));
        expect(failures.map(String)).toEqual(failing < 0 ? [] : [`Error: ${failing}`]);
        expect(order.waiting).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test("hands over at once, without a promise, as long as nothing waits", () => {
    const heard: string[] = [];
    const order = new InOrder<string>(
      (value) => heard.push(value),
      () => {},
    );
    order.push("a");
    expect(heard).toEqual(["a"]);
    order.push(Promise.resolve("b"));
    order.push("c");
    expect([heard, order.waiting]).toEqual([["a"], 2]);
  });

  test("takes nothing more after a failure", async () => {
    const heard: string[] = [];
    const failures: unknown[] = [];
    const order = new InOrder<string>(
      (value) => heard.push(value),
      (reason) => failures.push(reason),
    );
    order.push(Promise.reject(new Error("first")));
    order.push(Promise.reject(new Error("second")));
    await order.settled();
    order.push("a");
    expect([heard, failures.map(String)]).toEqual([[], ["Error: first"]]);
  });

  test("does not let a failure surface before its turn as one that nobody handles", async () => {
    const failures: unknown[] = [];
    const order = new InOrder<string>(
      () => {},
      (reason) => failures.push(reason),
    );
    const first = defer<string>();
    order.push(first.promise);
    order.push(Promise.reject(new Error("early")));
    // Node looks for unhandled rejections at the end of this turn, and the run would fail.
    await new Promise((resolve) => void setImmediate(resolve));
    expect(failures).toEqual([]);
    first.resolve("a");
    await order.settled();
    expect(failures.map(String)).toEqual(["Error: early"]);
  });

  test("takes a receiver that throws later for a failure", async () => {
    const failures: unknown[] = [];
    const order = new InOrder<string>(
      () => {
        throw new Error("no room");
      },
      (reason) => failures.push(reason),
    );
    order.push(Promise.resolve("a"));
    await order.settled();
    expect(failures.map(String)).toEqual(["Error: no room"]);
  });
});
