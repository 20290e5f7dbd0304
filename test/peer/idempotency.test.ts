import { describe, expect, it } from "vitest";
import { isUnstarted } from "../../src/connection/remote-code.ts";
import type { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { MemoryIdempotencyStore } from "../../src/peer/idempotency-memory.ts";
import type { KeyedRequest } from "../../src/peer/keyed-request.ts";
import { isTroupeError } from "../support/errors.ts";
import { Bench, sharing } from "./idempotency-bench.ts";

describe("a request with a key", () => {
  it("is executed once, and all repeats get the one answer, whenever they come", () => {
    const bench = new Bench();
    const before = [bench.ask(), bench.ask()];
    bench.answer("done");
    const after = [bench.ask(), bench.ask()];
    expect(bench.runs).toHaveLength(1);
    for (const { told } of [...before, ...after]) expect(told).toEqual(["done"]);
  });

  it("has one answer, however often its handler gives one", () => {
    const bench = new Bench();
    const first = bench.ask();
    bench.answer("done");
    bench.answer("done again");
    bench.fail("REJECTED");
    expect([first.told, bench.ask().told]).toEqual([["done"], ["done"]]);
  });

  it("is answered with the error that its handler threw, too", () => {
    const bench = new Bench();
    const before = bench.ask();
    bench.fail("REJECTED");
    const after = bench.ask();
    expect(bench.runs).toHaveLength(1);
    for (const { told } of [before, after]) {
      expect(told).toEqual([isTroupeError("REJECTED", "no")]);
      expect(told[0]).toMatchObject({ details: { seats: 0 } });
    }
  });

  it.each(["OVERLOADED", "NO_EVENT", "NO_ROLE", "ROLE_DISABLED", "NOT_ALLOWED"])(
    "is executed when it comes again after %s",
    (code) => {
      const bench = new Bench();
      const first = bench.ask();
      bench.fail(code);
      const again = bench.ask();
      bench.answer("done");
      expect([first.told, again.told]).toEqual([[isTroupeError(code as "OVERLOADED")], ["done"]]);
      expect(bench.runs).toHaveLength(2);
    },
  );

  it("is another one for another caller, and with another key", () => {
    const bench = new Bench();
    bench.ask("k", 1, "ann");
    bench.answer("ann's");
    bench.ask("k", 1, "ben");
    bench.answer("ben's");
    bench.ask("l", 1, "ann");
    expect(bench.runs).toHaveLength(3);
    expect(bench.ask("k", 1, "ben").told).toEqual(["ben's"]);
  });

  it("is refused with other data, both while it is executed and later", () => {
    const bench = new Bench();
    bench.ask("k", { amount: 1 });
    const meanwhile = bench.ask("k", { amount: 2 });
    bench.answer("done");
    const later = bench.ask("k", "1");
    for (const { told } of [meanwhile, later])
      expect(told).toEqual([isTroupeError("BAD_ARGUMENT", "with other data")]);
    expect(bench.runs).toHaveLength(1);
  });

  it("shows its handler the key, and no more metadata than its caller sent", () => {
    const bench = new Bench();
    bench.ask("order 42");
    const [first] = bench.runs;
    expect([first?.idempotencyKey, first?.metadata]).toEqual(["order 42", { trace: "t" }]);
  });

  it.each(["", "x".repeat(257)])("is refused when no caller of ours would send it: %#", (key) => {
    const bench = new Bench();
    expect(bench.ask(key).told).toEqual([isTroupeError("BAD_ARGUMENT", "1 to 256")]);
    expect(bench.runs).toEqual([]);
  });

  it("goes on though its caller is gone, who may come back for the answer", () => {
    const bench = new Bench();
    const first = bench.ask();
    const { signal } = bench.runs[0] as KeyedRequest;
    first.watcher?.givenUp();
    expect(signal.aborted).toBe(false);
    const second = bench.ask();
    bench.answer("done");
    expect([second.told, bench.runs.length]).toEqual([["done"], 1]);
  });

  it("tells its handler's watcher when the last caller is gone", () => {
    const bench = new Bench();
    const callers = [bench.ask(), bench.ask()];
    let gone = 0;
    const [run] = bench.runs;
    if (run !== undefined) run.watcher = { givenUp: () => void gone++ };
    callers[0]?.watcher?.givenUp();
    expect(gone).toBe(0);
    callers[1]?.watcher?.givenUp();
    expect(gone).toBe(1);
  });

  it("is forgotten when its time is over", () => {
    const bench = new Bench({ ttl: 1000 });
    bench.ask();
    bench.answer("old");
    bench.clock.tick(1000);
    bench.ask();
    expect(bench.runs).toHaveLength(2);
  });
});

describe("a caller with many keys", () => {
  it("has so many requests without an answer at once, and others have theirs", () => {
    const bench = new Bench({ pending: 2 });
    const [first, , third] = ["a", "b", "c"].map((key) => bench.ask(key));
    expect(third?.told).toEqual([isTroupeError("OVERLOADED", "has 2 requests")]);
    expect(isUnstarted(third?.told[0] as TroupeError)).toBe(true);
    // A repeat is no request more.
    bench.ask("a");
    bench.ask("c", 1, "ben");
    expect(bench.runs.map(({ idempotencyKey }) => idempotencyKey)).toEqual(["a", "b", "c"]);
    bench.runs[0]?.answer(encodePayload("done"));
    expect(first?.told).toEqual(["done"]);
    bench.ask("c");
    bench.ask("d");
    expect(bench.runs).toHaveLength(4);
  });

  it("has as many again when it has given up, or was refused, before they began", async () => {
    const { clock, one, other } = sharing({ pending: 1, wait: 100 });
    one.ask();
    await clock.settle();
    other.ask().watcher?.givenUp();
    const second = other.ask();
    await clock.advance(100);
    expect(second.told).toEqual([isTroupeError("OUTCOME_UNKNOWN")]);
    other.ask("l");
    await clock.settle();
    expect(other.runs).toHaveLength(1);
  });

  it("is not answered for by others: they keep what they have", () => {
    const store = new MemoryIdempotencyStore({ answers: 10 });
    const bench = new Bench({ store });
    for (let i = 0; i < 5; i++) {
      bench.ask(`${i}`, 1, "ann");
      bench.answer(`ann's ${i}`);
    }
    for (let i = 0; i < 100; i++) {
      bench.ask(`${i}`, 1, "ben");
      bench.answer(`ben's ${i}`);
    }
    const again = [0, 1, 2, 3, 4].map((i) => bench.ask(`${i}`, 1, "ann").told);
    expect(again).toEqual([0, 1, 2, 3, 4].map((i) => [`ann's ${i}`]));
    expect(store.size).toBe(10);
  });
});

it.each([{ pending: 0 }, { pending: 1.5 }])("there cannot be %j", (options) => {
  expect(() => new Bench(options)).toThrow(isTroupeError("BAD_ARGUMENT", "an integer above 0"));
});

it.each([{ ttl: 0 }, { ttl: Number.NaN }, { lease: 0 }, { wait: -1 }, { wait: "1" as never }])(
  "options cannot be %j",
  (options) => {
    expect(() => new Bench(options)).toThrow(isTroupeError("BAD_ARGUMENT", "above 0"));
  },
);
