import { describe, expect, it } from "vitest";
import { MemoryIdempotencyStore } from "../../src/peer/idempotency-memory.ts";
import { isTroupeError } from "../support/errors.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { requestOf } from "./idempotency-bench.ts";

const TTL = 2000;
const LEASE = 1000;
const ANSWER = new Uint8Array([1, 2, 3]);

/** A store on a clock that stands still. */
function storeOf(options = {}): { clock: VirtualClock; store: MemoryIdempotencyStore } {
  const clock = new VirtualClock();
  return { clock, store: new MemoryIdempotencyStore(options, clock) };
}

describe("a store of answers in memory", () => {
  it("gives a key to the first who asks for it, and the answer to all who ask later", async () => {
    const { store } = storeOf();
    expect(store.begin(requestOf("k"), LEASE)).toEqual({ state: "first" });
    const other = { ...requestOf("k", "ann", 1), fingerprint: "other" };
    const claim = store.begin(other, LEASE);
    expect(claim).toMatchObject({ state: "pending", fingerprint: "f" });
    expect(store.finish(requestOf("k"), ANSWER, TTL)).toBe(true);
    if (claim.state === "pending") await claim.settled;
    const kept = { state: "answer", fingerprint: "f", answer: ANSWER };
    expect(store.begin(other, LEASE)).toEqual(kept);
    expect(store.begin(requestOf("k"), LEASE)).toEqual(kept);
    expect(store.begin(requestOf("another"), LEASE)).toEqual({ state: "first" });
  });

  it("gives a key that was abandoned to the next", async () => {
    const { store } = storeOf();
    store.begin(requestOf("k"), LEASE);
    const claim = store.begin(requestOf("k", "ann", 1), LEASE);
    store.abandon(requestOf("k"));
    if (claim.state === "pending") await claim.settled;
    expect(store.begin(requestOf("k", "ann", 1), LEASE)).toEqual({ state: "first" });
  });

  it("forgets answers and claims when their time is over", async () => {
    const { clock, store } = storeOf();
    store.begin(requestOf("kept"), LEASE);
    clock.tick(500);
    store.finish(requestOf("kept"), ANSWER, TTL);
    store.begin(requestOf("claimed"), LEASE);
    clock.tick(LEASE - 1);
    const claim = store.begin(requestOf("claimed", "ann", 1), LEASE);
    expect(claim.state).toBe("pending");
    clock.tick(1);
    expect(store.begin(requestOf("claimed", "ann", 1), LEASE).state).toBe("first");
    if (claim.state === "pending") await claim.settled;
    clock.tick(TTL - LEASE - 1);
    expect(store.begin(requestOf("kept"), LEASE).state).toBe("answer");
    clock.tick(1);
    expect(store.begin(requestOf("kept"), LEASE).state).toBe("first");
    expect([store.size, clock.timers]).toEqual([0, 0]);
  });

  it("forgets each in its own time, though it came after what lasts longer", () => {
    const { clock, store } = storeOf();
    store.begin(requestOf("long"), 10 * LEASE);
    store.begin(requestOf("short"), LEASE);
    store.finish(requestOf("old"), ANSWER, 10 * TTL);
    store.finish(requestOf("young"), ANSWER, TTL);
    clock.tick(TTL);
    const states = ["long", "short", "old", "young"].map(
      (key) => store.begin(requestOf(key, "ann", 1), LEASE).state,
    );
    expect(states).toEqual(["pending", "first", "answer", "first"]);
  });

  it("keeps a claim that is renewed, and makes one anew that nobody has since", async () => {
    const { clock, store } = storeOf();
    store.begin(requestOf("k"), LEASE);
    const claim = store.begin(requestOf("k", "ann", 1), LEASE);
    for (let i = 0; i < 10; i++) {
      clock.tick(LEASE - 1);
      store.renew(requestOf("k"), LEASE);
    }
    expect(store.begin(requestOf("k", "ann", 1), LEASE).state).toBe("pending");
    clock.tick(LEASE);
    store.renew(requestOf("k"), LEASE);
    expect(store.begin(requestOf("k", "ann", 1), LEASE).state).toBe("pending");
    if (claim.state === "pending") await claim.settled;
  });

  it("does nothing for who has lost its claim, be it to one that answers or one that has", () => {
    const { clock, store } = storeOf();
    const [lost, now] = [requestOf("k"), requestOf("k", "ann", 1)];
    store.begin(lost, LEASE);
    clock.tick(LEASE);
    store.begin(now, LEASE);
    store.renew(lost, 10 * LEASE);
    store.abandon(lost);
    expect(store.finish(lost, new Uint8Array([9]), TTL)).toBe(false);
    expect(store.begin(lost, LEASE).state).toBe("pending");
    expect(store.finish(now, ANSWER, TTL)).toBe(true);
    store.renew(lost, LEASE);
    store.abandon(lost);
    expect(store.finish(lost, new Uint8Array([9]), TTL)).toBe(false);
    expect(store.begin(lost, LEASE)).toMatchObject({ state: "answer", answer: ANSWER });
  });

  it("keeps no more answers than it may, and forgets the oldest of one caller first", () => {
    const { store } = storeOf({ answers: 3 });
    for (let i = 0; i < 10; i++) {
      store.begin(requestOf(`${i}`), LEASE);
      store.finish(requestOf(`${i}`), ANSWER, TTL);
      expect(store.size).toBeLessThanOrEqual(3);
    }
    const states = [6, 7, 8, 9].map((i) => store.begin(requestOf(`${i}`), LEASE).state);
    expect(states).toEqual(["first", "answer", "answer", "answer"]);
  });

  it("keeps no more bytes than it may, those of keys included", () => {
    const { store } = storeOf({ bytes: 10_000 });
    for (let i = 0; i < 100; i++) store.finish(requestOf(`${i}`), new Uint8Array(1000), TTL);
    expect(store.size).toBe(6);
    store.finish(requestOf("k".repeat(4000)), ANSWER, TTL);
    expect(store.size).toBe(1);
    // Nobody loses anything for what has no room at all.
    store.finish(requestOf("large"), new Uint8Array(10_000), TTL);
    expect(store.size).toBe(1);
    expect(store.begin(requestOf("large"), LEASE).state).toBe("first");
  });

  it.each([0, -1, 1.5, Number.NaN])("cannot keep %d", (count) => {
    const error = isTroupeError("BAD_ARGUMENT", "must be an integer above 0");
    expect(() => storeOf({ answers: count })).toThrow(error);
    expect(() => storeOf({ bytes: count })).toThrow(error);
  });
});
