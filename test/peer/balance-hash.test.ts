import { describe, expect, it } from "vitest";
import { Rendezvous } from "../../src/peer/balance-hash.ts";
import { randomFrom } from "../support/proxy.ts";

interface Item {
  readonly name: string;
}

const random = randomFrom(7);
const hex = (length: number): string =>
  Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");

/** Named as units are: 32 bytes and 16 in hex. */
const itemsOf = (count: number): Item[] => Array.from({ length: count }, () => ({ name: hex(96) }));

const keysOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `user ${i}`);

/** The item of each key. */
function shares(items: readonly Item[], keys: readonly string[]): Map<string, Item | undefined> {
  const rendezvous = new Rendezvous<Item>(({ name }) => name);
  return new Map(keys.map((key) => [key, rendezvous.pick(items, key)]));
}

/** How many keys each item has. */
const counts = (items: readonly Item[], keys: readonly string[]): number[] => {
  const found = [...shares(items, keys).values()];
  return items.map((item) => found.filter((other) => other === item).length);
};

/** The keys whose item is another one now. */
const moved = (
  before: Map<string, Item | undefined>,
  after: Map<string, Item | undefined>,
): string[] => [...before.keys()].filter((key) => before.get(key) !== after.get(key));

describe("keys are spread evenly", () => {
  const even = 1000;

  it.each([
    ["that are counted up", keysOf(10_000)],
    ["of one length", Array.from({ length: 10_000 }, (_, i) => `${i}`.padStart(8, "0"))],
    ["at random", Array.from({ length: 10_000 }, () => hex(32))],
    ["that differ in a long tail", keysOf(10_000).map((key) => "x".repeat(200) + key)],
  ])("%s", (_what, keys) => {
    for (const count of counts(itemsOf(10), keys)) {
      expect(count).toBeGreaterThan(0.8 * even);
      expect(count).toBeLessThan(1.2 * even);
    }
  });

  it("over items whose names are nearly the same", () => {
    const items = Array.from({ length: 10 }, (_, i) => ({ name: `${"0a".repeat(47)}0${i}` }));
    for (const count of counts(items, keysOf(10_000))) {
      expect(count).toBeGreaterThan(0.8 * even);
      expect(count).toBeLessThan(1.2 * even);
    }
  });
});

describe("no key moves without need", () => {
  const items = itemsOf(10);
  const keys = keysOf(10_000);
  const before = shares(items, keys);

  it("when one leaves: only its own do, to all others alike", () => {
    const [gone, ...left] = items;
    const after = shares(left, keys);
    const own = keys.filter((key) => before.get(key) === gone);
    expect(moved(before, after)).toEqual(own);
    const taken = left.map((item) => own.filter((key) => after.get(key) === item).length);
    for (const count of taken) expect(count).toBeGreaterThan((0.5 * own.length) / left.length);
  });

  it("when one comes: only to it, and no more than its share", () => {
    const [newcomer] = itemsOf(1);
    const after = shares(items.concat(newcomer ?? []), keys);
    const gone = moved(before, after);
    for (const key of gone) expect(after.get(key)).toBe(newcomer);
    expect(gone.length).toBeGreaterThan((0.8 * keys.length) / 11);
    expect(gone.length).toBeLessThan((1.2 * keys.length) / 11);
  });

  it("when the order of the items is another", () => {
    expect(moved(before, shares(items.toReversed(), keys))).toEqual([]);
  });
});

it("does not depend on the order even of items that have the same hash", () => {
  // Two texts of which FNV-1a over 32 bits makes the same.
  const items = [{ name: "costarring" }, { name: "liquid" }];
  for (const key of keysOf(20)) {
    const [there, back] = [shares(items, [key]), shares(items.toReversed(), [key])];
    expect(there.get(key)).toBe(back.get(key));
  }
});

it("takes every text for a key, and finds nothing among nothing", () => {
  const [item] = itemsOf(1);
  const rendezvous = new Rendezvous<Item>(({ name }) => name);
  for (const key of ["", "\0", "\ud800", "ключ"])
    expect(rendezvous.pick(item ? [item] : [], key)).toBe(item);
  expect(rendezvous.pick([], "key")).toBeUndefined();
});

it("asks for each name once", () => {
  let asked = 0;
  const rendezvous = new Rendezvous<Item>(({ name }) => {
    asked++;
    return name;
  });
  const items = itemsOf(3);
  for (const key of keysOf(50)) rendezvous.pick(items, key);
  expect(asked).toBe(3);
});
