import { describe, expect, it } from "vitest";
import { isUnstarted } from "../../src/connection/remote-code.ts";
import type { TroupeError } from "../../src/errors.ts";
import { isTroupeError } from "../support/errors.ts";
import { Bench, sharing } from "./idempotency-bench.ts";

describe("units that share a store", () => {
  it("execute a request once between them, and answer the same", async () => {
    const { clock, one, other } = sharing();
    const first = one.ask();
    await clock.settle();
    const second = other.ask();
    await clock.settle();
    expect([first.told, second.told]).toEqual([[], []]);
    one.answer("done");
    await clock.settle();
    expect([first.told, second.told]).toEqual([["done"], ["done"]]);
    expect([one.runs.length, other.runs.length]).toEqual([1, 0]);
  });

  it("ask a store again that does not tell, ever more seldom", async () => {
    const { clock, store, one, other } = sharing({ wait: 60_000 });
    store.tells = false;
    one.ask();
    await clock.settle();
    const second = other.ask();
    await clock.advance(30_000);
    expect(store.asked.length).toBeGreaterThan(50);
    expect(store.asked.length).toBeLessThan(75);
    one.answer("done");
    await clock.advance(500);
    expect(second.told).toEqual(["done"]);
  });

  it.each([true, false])(
    "do not know the outcome when the first one does not answer (told: %s)",
    async (tells) => {
      const { clock, store, one, other } = sharing({ wait: 1000 });
      store.tells = tells;
      one.ask();
      await clock.settle();
      const second = other.ask();
      await clock.advance(999);
      expect(second.told).toEqual([]);
      await clock.advance(1);
      expect(second.told).toEqual([isTroupeError("OUTCOME_UNKNOWN", "may have executed")]);
      expect(isUnstarted(second.told[0] as TroupeError)).toBe(true);
      expect([other.runs.length, clock.timers]).toEqual([0, 0]);
    },
  );

  it("take over what another one has abandoned", async () => {
    const { clock, one, other } = sharing();
    const first = one.ask();
    await clock.settle();
    const second = other.ask();
    await clock.settle();
    one.fail("OVERLOADED");
    await clock.settle();
    other.answer("done");
    expect([first.told, second.told]).toEqual([[isTroupeError("OVERLOADED")], ["done"]]);
  });

  it("refuse other data under a key of another one's", async () => {
    const { clock, one, other } = sharing();
    one.ask("k", 1);
    await clock.settle();
    const second = other.ask("k", 2);
    await clock.settle();
    expect(second.told).toEqual([isTroupeError("BAD_ARGUMENT")]);
  });
});

describe("a store that answers later", () => {
  it("finds those who come meanwhile with the first, whether it is asked or told", async () => {
    const { clock, store, one } = sharing();
    const callers = [one.ask(), one.ask()];
    expect([one.runs.length, one.held]).toEqual([0, 1]);
    await clock.settle();
    expect([one.runs.length, one.held]).toEqual([1, 0]);
    one.answer("done");
    callers.push(one.ask());
    await clock.settle();
    for (const { told } of callers) expect(told).toEqual(["done"]);
    expect([one.runs.length, store.asked]).toEqual([1, ["begin", "finish"]]);
  });

  it("has nothing executed for a caller who is gone by then, and gives the key back", async () => {
    const { clock, store, one } = sharing();
    one.ask().watcher?.givenUp();
    await clock.settle();
    expect([one.runs.length, one.held, store.asked]).toEqual([0, 0, ["begin", "abandon"]]);
    const again = one.ask();
    await clock.settle();
    one.answer("done");
    expect(again.told).toEqual(["done"]);
  });

  it("is not waited for any more once nobody does", async () => {
    const { clock, one, other } = sharing();
    one.ask();
    await clock.settle();
    const second = other.ask();
    await clock.settle();
    second.watcher?.givenUp();
    one.fail("OVERLOADED");
    await clock.advance(10_000);
    expect([other.runs.length, clock.timers]).toEqual([0, 0]);
  });

  it("that fails when it is asked has nothing executed: another unit may be asked", async () => {
    const { clock, store, one } = sharing();
    store.fault = new Error("no disk");
    const first = one.ask();
    await clock.settle();
    expect(first.told).toEqual([isTroupeError("NOT_DELIVERED", "no disk")]);
    expect([one.runs.length, one.held]).toEqual([0, 0]);
    expect(one.log.errors).toEqual([expect.stringContaining("no disk")]);
    store.fault = undefined;
    one.ask();
    await clock.settle();
    expect(one.runs).toHaveLength(1);
  });

  it("that fails when it is told does not keep the answer from its caller", async () => {
    const { clock, store, one } = sharing();
    const first = one.ask();
    await clock.settle();
    store.fault = new Error("no disk");
    one.answer("done");
    await clock.settle();
    expect([first.told, one.log.errors.length]).toEqual([["done"], 1]);
  });

  it("that throws at once is one that fails", () => {
    const fail = (): never => {
      throw new Error("no disk");
    };
    const bench = new Bench({ store: { begin: fail, finish: fail, abandon: fail } });
    expect(bench.ask().told).toEqual([isTroupeError("NOT_DELIVERED", "no disk")]);
  });

  it("that has kept something else leaves the outcome unknown", () => {
    const answer = new Uint8Array([9]);
    const bench = new Bench({
      store: {
        begin: (_, fingerprint) => ({ state: "answer", fingerprint, answer }),
        finish: () => {},
        abandon: () => {},
      },
    });
    expect(bench.ask().told).toEqual([isTroupeError("OUTCOME_UNKNOWN", "cannot be read")]);
    expect(bench.runs).toEqual([]);
  });
});
