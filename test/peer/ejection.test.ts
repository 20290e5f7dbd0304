import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/errors.ts";
import { checkEjection } from "../../src/peer/ejection-options.ts";
import { errorOf, Scene } from "./ejection-scene.ts";

describe("one is set aside", () => {
  it("when five calls in a row have failed", () => {
    const scene = new Scene("ab");
    scene.fail("a", 4);
    expect(scene.aside).toBe("");
    scene.fail("a");
    expect([scene.aside, scene.events, scene.items.items]).toEqual(["a", ["-a"], ["b"]]);
  });

  it("when most of its last calls have failed, though some are answered", () => {
    const scene = new Scene("ab");
    for (let i = 0; i < 3; i++) {
      scene.fail("a", 2);
      scene.answer("a");
    }
    expect(scene.aside).toBe("");
    scene.fail("a");
    expect(scene.aside).toBe("a");
  });

  it("after as many failures as its options say", () => {
    const scene = new Scene("ab", { failures: 2 });
    scene.fail("a");
    scene.answer("a");
    scene.fail("a");
    expect(scene.aside).toBe("");
    scene.fail("a");
    expect(scene.aside).toBe("a");
  });

  it("but not when they were answered in between", () => {
    const scene = new Scene("ab");
    for (let i = 0; i < 50; i++) {
      scene.fail("a", 1 + (i % 2));
      scene.answer("a", 2);
    }
    expect(scene.events).toEqual([]);
  });

  it.each<[ErrorCode]>([
    ["REJECTED"],
    ["NO_EVENT"],
    ["NOT_ALLOWED"],
    ["OVERLOADED"],
    ["CANCELLED"],
    ["CLOSED"],
  ])("but not for %s", (code) => {
    const scene = new Scene("ab", { failures: 1 });
    scene.fail("a", 100, code);
    expect(scene.events).toEqual([]);
  });

  it("and a refusal by its handler counts as an answer, while what was cancelled counts as nothing", () => {
    const scene = new Scene("ab");
    scene.fail("a", 4);
    scene.fail("a", 1, "REJECTED");
    scene.fail("a", 4);
    expect(scene.aside).toBe("");
    scene.fail("a", 10, "CANCELLED");
    scene.fail("a");
    expect(scene.aside).toBe("a");
  });

  it("not for all that was lost with one connection, but for the fifth that was lost", () => {
    const scene = new Scene("ab");
    for (let losses = 1; losses <= 5; losses++) {
      expect(scene.aside).toBe("");
      const sentAt = scene.clock.now();
      scene.clock.tick(10);
      for (let i = 0; i < 500; i++)
        scene.ejection.outcome("a", sentAt, errorOf(i % 2 ? "OUTCOME_UNKNOWN" : "NOT_DELIVERED"));
      scene.clock.tick(10);
    }
    expect(scene.aside).toBe("a");
  });

  it("never when that is switched off, and nobody any more once it is", () => {
    const off = new Scene("ab", false);
    off.fail("a", 100);
    expect(off.events).toEqual([]);
    const scene = new Scene("abcd");
    scene.fail("a", 5);
    scene.fail("b", 5);
    scene.ejection.configure(undefined);
    expect([scene.aside, scene.events]).toEqual(["", ["-a", "-b", "+a", "+b"]]);
    scene.fail("a", 100);
    scene.ejection.configure(checkEjection("ejection", {}));
    scene.fail("a", 4);
    expect(scene.aside).toBe("");
    scene.fail("a");
    expect(scene.aside).toBe("a");
  });

  it("not by what becomes of calls of one that has left", () => {
    const scene = new Scene("abc");
    scene.fail("a", 4);
    scene.remove("a");
    scene.fail("a", 100);
    scene.items.add("a");
    scene.fail("a", 4);
    expect(scene.events).toEqual([]);
  });
});

describe("one that is set aside", () => {
  it("is tried by one call when its time is over, and is back once that is answered", () => {
    const scene = new Scene("ab");
    scene.fail("a", 5);
    scene.clock.tick(4999);
    expect(scene.try()).toBeUndefined();
    scene.clock.tick(1);
    expect([scene.try(), scene.try()]).toEqual(["a", undefined]);
    expect(scene.aside).toBe("a");
    scene.clock.tick(20);
    scene.answer("a");
    expect([scene.aside, scene.events]).toEqual(["", ["-a", "+a"]]);
    expect(scene.items.items).toContain("a");
  });

  it("waits twice as long after each failure, up to a minute", () => {
    const scene = new Scene("ab");
    scene.fail("a", 5);
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      let from = scene.clock.now();
      while (scene.try() === undefined) scene.clock.tick(100);
      waits.push(scene.clock.now() - from);
      from = scene.clock.now();
      scene.clock.tick(1000);
      scene.ejection.outcome("a", from, errorOf("TIMEOUT"));
    }
    expect(waits).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    expect(scene.events).toEqual(["-a"]);
  });

  it("is tried again when nothing is ever heard of the call that tried it", () => {
    const scene = new Scene("ab");
    scene.fail("a", 5);
    scene.clock.tick(5000);
    expect(scene.try()).toBe("a");
    scene.clock.tick(9999);
    expect(scene.try()).toBeUndefined();
    scene.clock.tick(1);
    expect(scene.try()).toBe("a");
  });

  it("waits ten per cent more or less by chance", () => {
    const waits = [0, 0.5, 1 - 2 ** -24].map((chance) => {
      const scene = new Scene("ab", { time: 1000 });
      scene.chance = chance;
      scene.fail("a", 5);
      return Math.round(scene.waits[0] ?? 0);
    });
    expect(waits).toEqual([900, 1000, 1100]);
  });

  it("may wait longer than a minute when its options say so, and then no longer", () => {
    const scene = new Scene("ab", { time: 100_000 });
    scene.fail("a", 5);
    scene.clock.tick(100_000);
    expect(scene.try()).toBe("a");
    scene.fail("a");
    scene.clock.tick(99_999);
    expect(scene.try()).toBeUndefined();
    scene.clock.tick(1);
    expect(scene.try()).toBe("a");
  });

  it("is judged by no call that had left before", () => {
    const scene = new Scene("ab");
    const before = scene.clock.now();
    scene.fail("a", 5);
    scene.ejection.outcome("a", before, undefined);
    expect(scene.aside).toBe("a");
    scene.clock.tick(2500);
    for (let i = 0; i < 10; i++) scene.ejection.outcome("a", before, errorOf("TIMEOUT"));
    scene.clock.tick(2500);
    expect(scene.try()).toBe("a");
    for (let i = 0; i < 10; i++) scene.ejection.outcome("a", before, errorOf("TIMEOUT"));
    scene.ejection.outcome("a", before, undefined);
    expect(scene.aside).toBe("a");
    scene.answer("a");
    for (let i = 0; i < 10; i++) scene.ejection.outcome("a", before, errorOf("TIMEOUT"));
    expect(scene.events).toEqual(["-a", "+a"]);
    const between = scene.clock.now();
    scene.fail("a", 5);
    scene.ejection.outcome("a", between, undefined);
    expect(scene.events).toEqual(["-a", "+a", "-a"]);
  });

  it("waits longer when it fails again soon, and no longer when it has worked for as long", () => {
    const scene = new Scene("ab");
    const fails = (): number | undefined => {
      scene.fail("a", 5);
      const wait = scene.waits.at(-1);
      scene.clock.tick(wait ?? 0);
      expect(scene.try()).toBe("a");
      scene.answer("a");
      return wait;
    };
    expect([fails(), fails(), fails()]).toEqual([5000, 10_000, 20_000]);
    scene.clock.tick(39_999);
    scene.answer("a");
    expect(fails()).toBe(40_000);
    scene.clock.tick(60_000);
    scene.answer("a");
    expect(fails()).toBe(5000);
  });

  it("needs no timer, and is tried in the order of their times where there are several", () => {
    const scene = new Scene("abcdef");
    scene.fail("c", 5);
    scene.clock.tick(100);
    scene.fail("a", 5);
    expect(scene.clock.timers).toBe(0);
    scene.clock.tick(5000);
    expect([scene.try(), scene.try(), scene.try()]).toEqual(["c", "a", undefined]);
  });
});
