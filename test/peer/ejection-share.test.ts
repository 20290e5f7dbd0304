import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Scene } from "./ejection-scene.ts";

describe("there are always some left", () => {
  it.each([
    ["a", 0],
    ["ab", 1],
    ["abc", 1],
    ["abcd", 2],
    ["abcdefg", 3],
  ])("of %s at most %i are set aside", (names, most) => {
    const scene = new Scene(`${names}`);
    // One of them works, so that it is not all of them.
    for (const name of names.slice(0, -1)) scene.fail(name, 20);
    expect(scene.aside).toBe(names.slice(0, most));
  });

  it.each([
    ["abc", 1, 2],
    ["abcd", 0.75, 3],
    ["abcdefghij", 0.3, 3],
    ["abc", 0.3, 0],
  ])("of %s with a share of %d it is %i", (names, share, most) => {
    const scene = new Scene(names, { share });
    for (const name of names.slice(0, -1)) scene.fail(name, 20);
    expect(scene.aside).toBe(names.slice(0, most));
  });

  it("of a hundred with a share of 0.29 it is 29, though their product is a little less", () => {
    const letters = Array.from({ length: 100 }, (_, i) => String.fromCodePoint(0x4e00 + i));
    const scene = new Scene(letters.join(""), { share: 0.29 });
    for (const letter of letters.slice(1)) scene.fail(letter, 5);
    expect(scene.items.aside.size).toBe(29);
  });

  it("all are used when all are bad, and some are set aside again once one works", () => {
    const scene = new Scene("abcd");
    for (const name of "abc") scene.fail(name, 5);
    expect(scene.aside).toBe("ab");
    scene.fail("d", 5);
    expect([scene.aside, scene.events]).toEqual(["", ["-a", "-b", "+a", "+b"]]);
    for (const name of "abcd") scene.fail(name, 5);
    expect(scene.aside).toBe("");
    scene.answer("b", 10);
    for (const name of "acd") scene.fail(name);
    expect(scene.aside).toBe("ac");
  });

  it("who was left out for want of room is set aside when there is some", () => {
    const scene = new Scene("abcd");
    for (const name of "abc") scene.fail(name, 5);
    expect(scene.aside).toBe("ab");
    scene.clock.tick(6000);
    expect(scene.try()).toBe("a");
    scene.answer("a");
    scene.fail("c");
    expect(scene.aside).toBe("bc");
  });

  it("as many come back as are too many when others leave, those first whose time is over first", () => {
    const scene = new Scene("abcd");
    scene.fail("b", 5);
    scene.fail("a", 5);
    scene.remove("d");
    expect([scene.aside, scene.events]).toEqual(["a", ["-b", "-a", "+b"]]);
    scene.remove("c");
    scene.remove("b");
    expect([scene.aside, scene.events.at(-1)]).toEqual(["", "+a"]);
  });

  it("one that leaves while it is set aside makes room for nobody but those who come", () => {
    const scene = new Scene("abcd");
    scene.fail("a", 5);
    scene.fail("b", 5);
    scene.remove("a");
    expect([scene.aside, scene.items.items]).toEqual(["b", ["c", "d"]]);
    scene.clock.tick(10_000);
    expect([scene.try(), scene.try()]).toEqual(["b", undefined]);
  });

  it("whatever happens, and each is told of once when it is set aside and once when it is back", () => {
    const name = fc.constantFrom(..."abcde");
    const what = fc.constantFrom("come", "go", "fail", "fail", "fail", "answer", "try", "wait");
    const steps = fc.array(fc.tuple(what, name), { maxLength: 200, size: "max" });
    const share = fc.constantFrom(0.2, 0.5, 1);
    fc.assert(
      fc.property(steps, share, (all, most) => {
        const scene = new Scene("", { failures: 2, share: most });
        const told = new Set<string>();
        for (const [step, one] of all) {
          STEPS[step]?.(scene, one);
          if (step === "go") told.delete(one);
          for (const event of scene.events.splice(0)) hear(told, event);
          const { items, aside, size } = scene.items;
          expect(new Set(aside)).toEqual(told);
          expect(aside.size).toBeLessThanOrEqual(Math.min(size * most, Math.max(0, size - 1)));
          expect(items.length + aside.size).toBe(size);
        }
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});

const STEPS: Record<string, (scene: Scene, name: string) => void> = {
  come: ({ items }, name) => {
    if (!items.has(name)) items.add(name);
  },
  go: (scene, name) => scene.remove(name),
  fail: (scene, name) => scene.fail(name, 2),
  answer: (scene, name) => scene.answer(name),
  try: (scene) => void scene.try(),
  wait: ({ clock }) => clock.tick(2500),
};

/** Takes an event over into what it tells of, which must be news. */
function hear(aside: Set<string>, event: string): void {
  const name = event.slice(1);
  expect(aside.has(name)).toBe(event.startsWith("+"));
  if (event.startsWith("+")) aside.delete(name);
  else aside.add(name);
}
