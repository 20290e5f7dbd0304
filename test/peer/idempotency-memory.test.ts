import { describe, expect, it } from "vitest";
import { MemoryIdempotencyStore } from "../../src/peer/idempotency-memory.ts";
import { isTroupeError } from "../support/errors.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const TTL = 1000;
const ANSWER = new Uint8Array([1, 2, 3]);

/** A store on a clock that stands still. */
function storeOf(options = {}): { clock: VirtualClock; store: MemoryIdempotencyStore } {
  const clock = new VirtualClock();
  return { clock, store: new MemoryIdempotencyStore(options, clock) };
}

describe("a store of answers in memory", () => {
  it("gives a key to the first who asks for it, and the answer to all who ask later", async () => {
    const { store } = storeOf();
    expect(store.begin("k", "f", TTL)).toEqual({ state: "first" });
    const claim = store.begin("k", "other", TTL);
    expect(claim).toMatchObject({ state: "pending", fingerprint: "f" });
    store.finish("k", "f", ANSWER, TTL);
    if (claim.state === "pending") await claim.settled;
    const kept = { state: "answer", fingerprint: "f", answer: ANSWER };
    expect([store.begin("k", "other", TTL), store.begin("k", "f", TTL)]).toEqual([kept, kept]);
    expect(store.begin("another", "f", TTL)).toEqual({ state: "first" });
  });

  it("gives a key that was abandoned to the next", async () => {
    const { store } = storeOf();
    store.begin("k", "f", TTL);
    const claim = store.begin("k", "f", TTL);
    store.abandon("k");
    if (claim.state === "pending") await claim.settled;
    expect(store.begin("k", "g", TTL)).toEqual({ state: "first" });
  });

  it("forgets answers and claims when their time is over", async () => {
    const { clock, store } = storeOf();
    store.begin("kept", "f", TTL);
    clock.tick(500);
    store.finish("kept", "f", ANSWER, TTL);
    store.begin("claimed", "f", TTL);
    clock.tick(999);
    expect(store.begin("kept", "f", TTL).state).toBe("answer");
    const claim = store.begin("claimed", "f", TTL);
    expect(claim.state).toBe("pending");
    clock.tick(1);
    expect(store.begin("kept", "f", TTL).state).toBe("first");
    expect(store.begin("claimed", "f", TTL).state).toBe("first");
    if (claim.state === "pending") await claim.settled;
    expect(clock.timers).toBe(0);
  });

  it("keeps no more answers than it may, and forgets the oldest first", () => {
    const { store } = storeOf({ answers: 3 });
    for (let i = 0; i < 10; i++) {
      store.begin(`${i}`, "f", TTL);
      store.finish(`${i}`, "f", ANSWER, TTL);
      expect(store.size).toBeLessThanOrEqual(3);
    }
    const states = [6, 7, 8, 9].map((i) => store.begin(`${i}`, "f", TTL).state);
    expect(states).toEqual(["first", "answer", "answer", "answer"]);
  });

  it("keeps no more bytes than it may, those of keys included", () => {
    const { store } = storeOf({ bytes: 10_000 });
    for (let i = 0; i < 100; i++) store.finish(`${i}`, "f", new Uint8Array(1000), TTL);
    expect(store.size).toBe(8);
    store.finish("k".repeat(4000), "f", ANSWER, TTL);
    expect(store.size).toBe(2);
    store.finish("large", "f", new Uint8Array(10_000), TTL);
    expect(store.size).toBe(0);
  });

  it("counts an answer that is replaced once", () => {
    const { store } = storeOf({ bytes: 10_000 });
    for (let i = 0; i < 100; i++) store.finish("same", "f", new Uint8Array(1000), TTL);
    store.finish("other", "f", new Uint8Array(7000), TTL);
    expect(store.size).toBe(2);
  });

  it.each([0, -1, 1.5, Number.NaN])("cannot keep %d", (count) => {
    const error = isTroupeError("BAD_ARGUMENT", "must be an integer above 0");
    expect(() => storeOf({ answers: count })).toThrow(error);
    expect(() => storeOf({ bytes: count })).toThrow(error);
  });
});
