import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rotation } from "../../src/peer/rotation.ts";

function rotationOf(...items: string[]): Rotation<string> {
  const rotation = new Rotation<string>();
  for (const item of items) rotation.add(item);
  return rotation;
}

const picks = (rotation: Rotation<string>, count: number): string =>
  Array.from({ length: count }, () => rotation.pick()).join("");

it("picks each item in turn, in the order in which they came", () => {
  expect(picks(rotationOf("a", "b", "c"), 7)).toBe("abcabca");
});

it("picks nothing when there is nothing", () => {
  expect(rotationOf().pick()).toBeUndefined();
});

it("lets everybody else have a turn before a newcomer has its first", () => {
  const rotation = rotationOf("a", "b", "c");
  rotation.pick();
  rotation.add("d");
  expect(picks(rotation, 8)).toBe("bcadbcad");
});

it("goes on with the next one when the one picked last has left", () => {
  const rotation = rotationOf("a", "b", "c");
  rotation.pick();
  rotation.remove("a");
  expect(picks(rotation, 4)).toBe("bcbc");
});

it("skips nobody when the next one in turn has left", () => {
  const rotation = rotationOf("a", "b", "c");
  rotation.pick();
  rotation.remove("b");
  expect(picks(rotation, 4)).toBe("caca");
});

it("is not disturbed by the removal of what it does not have", () => {
  const rotation = rotationOf("a", "b");
  rotation.pick();
  rotation.remove("x");
  expect(picks(rotation, 3)).toBe("bab");
});

describe("an item that is set aside", () => {
  it("has no turns, and is still here", () => {
    const rotation = rotationOf("a", "b", "c");
    rotation.pick();
    rotation.setAside("b");
    expect(picks(rotation, 4)).toBe("caca");
    expect([rotation.has("b"), rotation.size, rotation.items]).toEqual([true, 3, ["a", "c"]]);
    expect([[...rotation.aside], rotation.all]).toEqual([["b"], ["a", "c", "b"]]);
  });

  it("comes last in the round in which it is taken back", () => {
    const rotation = rotationOf("a", "b", "c");
    rotation.setAside("a");
    rotation.pick();
    rotation.takeBack("a");
    expect(picks(rotation, 6)).toBe("cbacba");
  });

  it("is not the oldest while it is, and is again afterwards", () => {
    const rotation = rotationOf("a", "b", "c");
    rotation.setAside("a");
    expect([rotation.oldest, rotation.oldestWith("a"), rotation.oldestWith("c")]).toEqual([
      "b",
      "a",
      "b",
    ]);
    rotation.takeBack("a");
    expect(rotation.oldest).toBe("a");
  });

  it("may leave, and comes back with turns", () => {
    const rotation = rotationOf("a", "b");
    rotation.setAside("a");
    rotation.remove("a");
    expect([rotation.has("a"), rotation.aside.size, rotation.all]).toEqual([false, 0, ["b"]]);
    rotation.add("a");
    expect(new Set(picks(rotation, 2))).toEqual(new Set("ab"));
  });

  it("is set aside once, and nobody is who is not here", () => {
    const rotation = rotationOf("a", "b");
    for (const item of ["a", "a", "x"]) rotation.setAside(item);
    rotation.takeBack("b");
    rotation.takeBack("x");
    expect([[...rotation.aside], rotation.items]).toEqual([["a"], ["b"]]);
  });
});

describe("an item that is suspended", () => {
  it("has no turns, and is still here", () => {
    const rotation = rotationOf("a", "b", "c");
    rotation.pick();
    rotation.suspend("b");
    expect(picks(rotation, 4)).toBe("caca");
    expect([rotation.has("b"), rotation.size, rotation.items]).toEqual([true, 3, ["a", "c"]]);
    expect([[...rotation.aside], rotation.all]).toEqual([[], ["a", "c", "b"]]);
  });

  it("comes last in the round in which it is resumed", () => {
    const rotation = rotationOf("a", "b", "c");
    rotation.suspend("a");
    rotation.pick();
    rotation.resume("a");
    expect(picks(rotation, 6)).toBe("cbacba");
  });

  it("is picked when nobody else is here, and before that those who are set aside", () => {
    const rotation = rotationOf("a", "b");
    rotation.suspend("a");
    rotation.setAside("b");
    expect([rotation.candidates, picks(rotation, 2)]).toEqual([["b"], "bb"]);
    rotation.suspend("b");
    expect([rotation.candidates, rotation.oldest]).toEqual([["a", "b"], "a"]);
    expect(new Set(picks(rotation, 2))).toEqual(new Set("ab"));
  });

  it("has turns again only when it is neither suspended nor set aside any more", () => {
    const rotation = rotationOf("a", "b");
    rotation.suspend("a");
    rotation.setAside("a");
    rotation.resume("a");
    expect([rotation.items, picks(rotation, 2)]).toEqual([["b"], "bb"]);
    rotation.suspend("a");
    rotation.takeBack("a");
    expect([rotation.items, picks(rotation, 2)]).toEqual([["b"], "bb"]);
    rotation.resume("a");
    expect(new Set(picks(rotation, 2))).toEqual(new Set("ab"));
  });

  it("is not the oldest while it is, and is again afterwards", () => {
    const rotation = rotationOf("a", "b");
    rotation.suspend("a");
    expect([rotation.oldest, rotation.oldestWith("a")]).toEqual(["b", "a"]);
    rotation.resume("a");
    expect(rotation.oldest).toBe("a");
  });

  it("may leave, and comes back with turns", () => {
    const rotation = rotationOf("a", "b");
    rotation.suspend("a");
    rotation.remove("a");
    expect([rotation.has("a"), rotation.all]).toEqual([false, ["b"]]);
    rotation.add("a");
    expect(new Set(picks(rotation, 2))).toEqual(new Set("ab"));
  });
});

/** All that may happen to an item. */
const MOVES = ["come", "go", "aside", "back", "suspend", "resume"];

/** How often everybody else was picked since each item's last pick. */
class Ledger {
  readonly #since = new Map<number, Map<number, number>>();

  left(item: number): void {
    this.#since.delete(item);
    for (const others of this.#since.values()) others.delete(item);
  }

  /** @returns how often those who are there since the last pick of `item` were picked after it */
  picked(item: number, present: readonly number[]): number[] {
    const counts = [...(this.#since.get(item)?.values() ?? [])];
    for (const others of this.#since.values()) {
      const count = others.get(item);
      if (count !== undefined) others.set(item, count + 1);
    }
    const others = present.filter((other) => other !== item);
    this.#since.set(item, new Map(others.map((other) => [other, 0])));
    return counts;
  }
}

it("knows the one that has been there longest, whatever the order of turns is", () => {
  const rotation = rotationOf("a", "b");
  rotation.pick();
  rotation.add("c");
  expect(rotation.oldest).toBe("a");
  rotation.remove("a");
  rotation.add("a");
  expect([rotation.oldest, rotation.has("a"), rotation.has("d")]).toEqual(["b", true, false]);
  expect(rotationOf().oldest).toBeUndefined();
});

it("picks those who stay equally often but for one, over any time and whoever comes and goes", () => {
  const guest = fc.integer({ min: 0, max: 5 });
  const what = fc.constantFrom(...MOVES, "pick", "pick", "pick");
  const steps = fc.array(fc.tuple(what, guest), { maxLength: 300, size: "max" });
  const stay = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(steps, stay, fc.nat(300), (all, staying, from) => {
      const rotation = new Rotation<number>();
      const counts = new Map<number, number>();
      const act: Record<string, (guest: number) => void> = {
        come: (newcomer) => {
          if (!rotation.has(newcomer)) rotation.add(newcomer);
        },
        go: (leaver) => rotation.remove(leaver),
        aside: (guest) => rotation.setAside(guest),
        back: (guest) => rotation.takeBack(guest),
        suspend: (guest) => rotation.suspend(guest),
        resume: (guest) => rotation.resume(guest),
        pick: () => {
          const picked = rotation.pick() ?? 0;
          counts.set(picked, (counts.get(picked) ?? 0) + 1);
        },
      };
      const stayers = Array.from({ length: staying }, (_, i) => 100 + i);
      for (const stayer of stayers) rotation.add(stayer);
      for (const [index, [name, who]] of all.entries()) {
        // They are counted from any moment on: it need not be the beginning of a round.
        if (index === from) counts.clear();
        act[name]?.(who);
      }
      const theirs = stayers.map((stayer) => counts.get(stayer) ?? 0);
      expect(Math.max(...theirs) - Math.min(...theirs)).toBeLessThanOrEqual(1);
    }),
    { seed: 1, numRuns: 300 },
  );
});

it("picks everybody who stays exactly once between two picks of anybody, whoever comes and goes", () => {
  const item = fc.integer({ min: 0, max: 7 });
  const what = fc.constantFrom(...MOVES, "pick", "pick", "pick", "pick");
  fc.assert(
    fc.property(fc.array(fc.tuple(what, item), { maxLength: 120, size: "max" }), (steps) => {
      const rotation = new Rotation<number>();
      const ledger = new Ledger();
      const act: Record<string, (item: number) => void> = {
        come: (newcomer) => {
          if (!rotation.has(newcomer)) rotation.add(newcomer);
        },
        go: (leaver) => {
          rotation.remove(leaver);
          ledger.left(leaver);
        },
        aside: (one) => {
          rotation.setAside(one);
          ledger.left(one);
        },
        back: (one) => rotation.takeBack(one),
        suspend: (one) => {
          rotation.suspend(one);
          ledger.left(one);
        },
        resume: (one) => rotation.resume(one),
        pick: () => {
          const picked = rotation.pick();
          if (picked === undefined) return;
          const counts = ledger.picked(picked, rotation.items);
          expect(counts).toEqual(counts.map(() => 1));
        },
      };
      for (const [name, who] of steps) act[name]?.(who);
    }),
    { seed: 1 },
  );
});
