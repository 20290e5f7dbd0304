import { describe, expect, it } from "vitest";
import { isUnstarted } from "../../src/connection/remote-code.ts";
import type { TroupeError } from "../../src/errors.ts";
import { isTroupeError } from "../support/errors.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Bench, LEASE, sharing } from "./idempotency-bench.ts";

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
      // The one that renews the claim.
      expect([other.runs.length, clock.timers]).toEqual([0, 1]);
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

describe("a claim", () => {
  it("lasts for as long as its request is executed, and no timer longer than that", async () => {
    const { clock, store, one, other } = sharing();
    one.ask();
    await clock.advance(100 * LEASE);
    const second = other.ask();
    await clock.advance(5000);
    expect(second.told).toEqual([isTroupeError("OUTCOME_UNKNOWN")]);
    one.answer("done");
    await clock.settle();
    const third = other.ask();
    await clock.settle();
    expect([third.told, other.runs.length, clock.timers]).toEqual([["done"], 0, 0]);
    expect(store.asked.filter((what) => what === "renew")).toHaveLength(300);
  });

  it("is renewed though there was none for a while", async () => {
    const { clock, one, other } = sharing();
    one.ask("k");
    await clock.settle();
    one.answer("done");
    await clock.advance(LEASE);
    one.ask("l");
    await clock.advance(2 * LEASE);
    other.ask("l");
    await clock.settle();
    expect(other.runs).toEqual([]);
  });

  it("outlives a unit that died by its lease: then the request is executed again", async () => {
    const { clock, one, other } = sharing({}, new VirtualClock());
    one.ask();
    await clock.advance(LEASE - 5001);
    const early = other.ask();
    await clock.advance(5000);
    expect(early.told).toEqual([isTroupeError("OUTCOME_UNKNOWN")]);
    expect(other.runs).toEqual([]);
    await clock.advance(1);
    const late = other.ask();
    await clock.settle();
    other.answer("done");
    expect([one.runs.length, other.runs.length, late.told]).toEqual([1, 1, ["done"]]);
  });

  it.each([true, false])("is taken over by who waits as it ends (told: %s)", async (tells) => {
    const { clock, store, one, other } = sharing({}, new VirtualClock());
    store.tells = tells;
    one.ask();
    await clock.advance(LEASE - 1000);
    const second = other.ask();
    await clock.advance(5000);
    other.answer("done");
    expect(second.told).toEqual(["done"]);
  });

  it("that was lost keeps a late answer from replacing that of who executed it again", async () => {
    const { clock, one, other } = sharing({}, new VirtualClock());
    const first = one.ask();
    await clock.advance(LEASE);
    other.ask();
    await clock.settle();
    one.answer("late");
    await clock.settle();
    // Neither is its claim given up by the late one.
    expect(other.ask().told).toEqual([]);
    other.answer("done");
    await clock.settle();
    const again = [one.ask(), other.ask()];
    await clock.settle();
    expect(again.map(({ told }) => told)).toEqual([["done"], ["done"]]);
    expect(first.told).toEqual(["late"]);
    expect(one.log.errors).toEqual([expect.stringContaining('bank/withdraw" lost its claim')]);
    expect(other.log.errors).toEqual([]);
  });

  it("that was lost is not given up in the place of another one's", async () => {
    const { clock, one, other } = sharing({}, new VirtualClock());
    one.ask();
    await clock.advance(LEASE);
    other.ask();
    await clock.settle();
    one.fail("OVERLOADED");
    await clock.settle();
    const again = one.ask();
    await clock.settle();
    other.answer("done");
    await clock.settle();
    expect([one.runs.length, again.told]).toEqual([1, ["done"]]);
  });

  it("that was lost to nobody is made anew by a unit that goes on", async () => {
    const stopped = new VirtualClock();
    const { clock, one, other } = sharing({}, stopped);
    one.ask();
    await clock.advance(2 * LEASE);
    await stopped.advance(LEASE / 3);
    const second = other.ask();
    await clock.settle();
    one.answer("done");
    await clock.settle();
    expect([second.told, other.runs.length, one.log.errors]).toEqual([["done"], 0, []]);
  });

  it("that was lost to nobody still has its answer kept", async () => {
    const { clock, one, other } = sharing({}, new VirtualClock());
    one.ask();
    await clock.advance(2 * LEASE);
    one.answer("done");
    await clock.settle();
    const second = other.ask();
    await clock.settle();
    expect([second.told, one.log.errors]).toEqual([["done"], []]);
  });

  it("lasts though the store fails once when it is renewed", async () => {
    const { clock, store, one, other } = sharing();
    one.ask();
    await clock.advance(LEASE / 3 - 1);
    store.fault = new Error("no disk");
    await clock.advance(1);
    store.fault = undefined;
    await clock.advance(LEASE);
    other.ask();
    await clock.settle();
    expect(other.runs).toEqual([]);
    expect(one.log.errors).toEqual([expect.stringContaining("no disk")]);
  });

  it("is not renewed when its request was answered at once", async () => {
    const { clock, one } = sharing();
    one.atOnce = "done";
    const first = one.ask();
    await clock.settle();
    expect([first.told, clock.timers]).toEqual([["done"], 0]);
  });

  it("is not renewed in a store that no other unit has", () => {
    const bench = new Bench();
    bench.ask();
    expect([bench.runs.length, bench.clock.timers]).toEqual([1, 0]);
    bench.clock.tick(10 * LEASE);
    const again = bench.ask();
    bench.answer("done");
    expect([again.told, bench.ask().told, bench.runs.length]).toEqual([["done"], ["done"], 1]);
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

  it("does not take the first one for the next with its key, whose caller is still there", async () => {
    const { clock, store, one } = sharing({ pending: 1 });
    one.ask().watcher?.givenUp();
    const callers = [one.ask()];
    await clock.settle();
    callers.push(one.ask());
    one.answer("done");
    await clock.settle();
    expect(callers.map(({ told }) => told)).toEqual([["done"], ["done"]]);
    expect(store.asked).toEqual(["begin", "begin", "abandon", "begin", "finish"]);
  });

  it("is not waited for any more once nobody does", async () => {
    const { clock, one, other } = sharing();
    one.ask();
    await clock.settle();
    const second = other.ask();
    await clock.settle();
    second.watcher?.givenUp();
    expect(clock.timers).toBe(1);
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
    const bench = new Bench({ store: { begin: fail, renew: fail, finish: fail, abandon: fail } });
    expect(bench.ask().told).toEqual([isTroupeError("NOT_DELIVERED", "no disk")]);
  });

  it("that has kept something else leaves the outcome unknown", () => {
    const answer = new Uint8Array([9]);
    const bench = new Bench({
      store: {
        begin: ({ fingerprint }) => ({ state: "answer", fingerprint, answer }),
        renew: () => {},
        finish: () => true,
        abandon: () => {},
      },
    });
    expect(bench.ask().told).toEqual([isTroupeError("OUTCOME_UNKNOWN", "cannot be read")]);
    expect(bench.runs).toEqual([]);
  });
});
