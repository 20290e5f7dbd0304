import { describe, expect, it } from "vitest";
import { Balance } from "../../src/peer/balance.ts";
import type { CallOptions } from "../../src/peer/call-options.ts";
import { Rotation } from "../../src/peer/rotation.ts";
import type { Unit } from "../../src/peer/unit.ts";
import { isTroupeError } from "../support/errors.ts";
import { randomFrom } from "../support/proxy.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { type FakeConnection, unitOf } from "./fakes.ts";

type Strategy = NonNullable<CallOptions["balance"]>;

/** Some units, and what picks among them. */
class Scene {
  readonly clock = new VirtualClock();
  readonly units = new Rotation<Unit>();
  readonly balance = new Balance(this.units, this.clock, randomFrom(11));

  add(name: string): { unit: Unit; connection: FakeConnection } {
    const made = unitOf(name);
    this.units.add(made.unit);
    return made;
  }

  /** The names of the units picked one after the other. */
  picks(strategy: Strategy, count: number, key?: unknown): string[] {
    return Array.from({ length: count }, () => this.balance.pick(strategy, key)?.name ?? "none");
  }
}

const sceneOf = (...names: string[]): Scene => {
  const scene = new Scene();
  for (const name of names) scene.add(name);
  return scene;
};

const EACH: Strategy[] = ["round-robin", "random", "least-pending", "ewma", "hash", "first"];

it.each(EACH)("%s picks nobody where nobody is, and the only one where one is", (strategy) => {
  const scene = new Scene();
  expect(scene.picks(strategy, 2, "key")).toEqual(["none", "none"]);
  const { unit } = scene.add("ann");
  expect(scene.picks(strategy, 3, "key")).toEqual(["ann", "ann", "ann"]);
  scene.units.remove(unit);
  expect(scene.picks(strategy, 1, "key")).toEqual(["none"]);
});

describe("round-robin", () => {
  it("takes the turns that calls without a strategy take", () => {
    const scene = sceneOf("ann", "ben", "cleo");
    scene.units.pick();
    expect(scene.picks("round-robin", 2)).toEqual(["ben", "cleo"]);
    expect(scene.units.pick()?.name).toBe("ann");
  });

  it("is not disturbed by calls that are balanced otherwise", () => {
    const scene = sceneOf("ann", "ben", "cleo");
    const order: string[] = [];
    for (const strategy of EACH) {
      if (strategy !== "round-robin") scene.picks(strategy, 2, "key");
      order.push(...scene.picks("round-robin", 1));
    }
    expect(order).toEqual(["ann", "ben", "cleo", "ann", "ben", "cleo"]);
  });
});

describe("random", () => {
  it("picks all of them about equally often", () => {
    const picked = sceneOf("ann", "ben", "cleo").picks("random", 3000);
    for (const name of ["ann", "ben", "cleo"]) {
      const count = picked.filter((other) => other === name).length;
      expect(Math.abs(count - 1000)).toBeLessThan(100);
    }
  });
});

describe("least-pending", () => {
  it("picks the one with the fewest requests in flight, over all its connections", () => {
    const scene = new Scene();
    scene.add("ann").connection.load = 2;
    scene.add("ben").connection.load = 1;
    scene.add("cleo").connection.load = 3;
    expect(scene.picks("least-pending", 2)).toEqual(["ben", "ben"]);
  });

  it("has equals take turns", () => {
    const scene = sceneOf("ann", "ben");
    scene.add("cleo").connection.load = 1;
    expect(scene.picks("least-pending", 4)).toEqual(["ann", "ben", "ann", "ben"]);
  });
});

describe("ewma", () => {
  it("picks the one that answers sooner, and one that was slow again after some time", () => {
    const scene = new Scene();
    const { unit: ann } = scene.add("ann");
    const { unit: ben } = scene.add("ben");
    ann.answered(10, scene.clock.now());
    ben.answered(1000, scene.clock.now());
    expect(new Set(scene.picks("ewma", 20))).toEqual(new Set(["ann"]));
    // Ben's 1000 ms count for less than 10 after 10 s * ln(100), if ann's are measured again and again.
    scene.clock.tick(46_000);
    ann.answered(10, scene.clock.now());
    expect(scene.picks("ewma", 1)).toEqual(["ann"]);
    scene.clock.tick(1000);
    ann.answered(10, scene.clock.now());
    expect(scene.picks("ewma", 1)).toEqual(["ben"]);
  });
});

describe("hash", () => {
  it("picks the same one for the same key", () => {
    const scene = sceneOf("ann", "ben", "cleo", "dora");
    const keys = Array.from({ length: 40 }, (_, i) => `key ${i}`);
    const once = keys.map((key) => scene.picks("hash", 1, key)[0]);
    expect(keys.map((key) => scene.picks("hash", 1, key)[0])).toEqual(once);
    expect(new Set(once).size).toBe(4);
  });

  it.each([[undefined], [null], [5], [{}]])("refuses %s for a key", (key) => {
    const refused = isTroupeError("BAD_ARGUMENT", 'balance "hash" needs a key');
    expect(() => sceneOf("ann").balance.pick("hash", key)).toThrow(refused);
    expect(() => sceneOf().balance.pick("hash", key)).toThrow(refused);
  });
});

describe("first", () => {
  it("picks the one that has been there longest, then the next", () => {
    const scene = new Scene();
    const { unit: ann } = scene.add("ann");
    scene.add("ben");
    scene.units.pick();
    scene.add("cleo");
    expect(scene.picks("first", 2)).toEqual(["ann", "ann"]);
    scene.units.remove(ann);
    expect(scene.picks("first", 2)).toEqual(["ben", "ben"]);
    scene.units.add(ann);
    expect(scene.picks("first", 2)).toEqual(["ben", "ben"]);
  });
});

describe("a unit that is set aside", () => {
  it.each(EACH)("is never picked by %s, which picks all the others", (strategy) => {
    const scene = sceneOf("ann", "ben", "cleo");
    const [ann] = scene.units.items;
    if (ann !== undefined) scene.units.setAside(ann);
    const picked = new Set(
      Array.from({ length: 60 }, (_, i) => scene.picks(strategy, 1, `${i}`)[0]),
    );
    expect(picked).toEqual(new Set(strategy === "first" ? ["ben"] : ["ben", "cleo"]));
  });

  it.each(EACH.filter((strategy) => strategy !== "hash"))(
    "and is due is picked by %s, as far as nobody comes before it",
    (strategy) => {
      const scene = sceneOf("ann", "ben", "cleo");
      const [ann, ben] = scene.units.items;
      for (const [unit, others] of [
        [ann, "ann"],
        [ben, strategy === "first" ? "ann" : "ben"],
      ] as const) {
        if (unit === undefined) continue;
        scene.units.setAside(unit);
        expect(scene.balance.pick(strategy, undefined, unit)?.name).toBe(others);
        scene.units.takeBack(unit);
      }
    },
  );

  it("and is due is picked by hash for its own keys only", () => {
    const scene = sceneOf("ann", "ben", "cleo");
    const keys = Array.from({ length: 60 }, (_, i) => `key ${i}`);
    const before = keys.map((key) => scene.picks("hash", 1, key)[0]);
    const [, ben] = scene.units.items;
    if (ben === undefined) throw new Error("ben is not there");
    scene.units.setAside(ben);
    expect(keys.map((key) => scene.balance.pick("hash", key, ben)?.name)).toEqual(before);
  });

  it("takes nobody's turn when it is picked because it is due", () => {
    const scene = sceneOf("ann", "ben", "cleo");
    const [, , cleo] = scene.units.items;
    if (cleo === undefined) throw new Error("cleo is not there");
    scene.units.setAside(cleo);
    scene.picks("round-robin", 1);
    expect(scene.balance.pick("round-robin", undefined, cleo)).toBe(cleo);
    expect(scene.picks("round-robin", 3)).toEqual(["ben", "ann", "ben"]);
  });
});

it.each([["fastest"], ["constructor"], [""], [5], [null], [Symbol("ewma")]])(
  "refuses %s, and says what there is",
  (strategy) => {
    const refused = isTroupeError("BAD_ARGUMENT", EACH.join(", "));
    expect(() => sceneOf("ann").balance.pick(strategy as Strategy, "key")).toThrow(refused);
  },
);
