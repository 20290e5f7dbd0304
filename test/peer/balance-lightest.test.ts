import { describe, expect, it } from "vitest";
import { Lightest, lightest } from "../../src/peer/balance-lightest.ts";

const itself = (weight: number): number => weight;

describe("the lightest of several", () => {
  it("is the one that weighs least, wherever the search begins", () => {
    for (let start = 0; start <= 3; start++) expect(lightest([3, 1, 2], itself, start)).toBe(1);
  });

  it("is the first of equals from where the search begins, going round", () => {
    const found = [0, 1, 2, 3, 4].map((start) => lightest([1, 2, 1, 1], itself, start));
    expect(found).toEqual([0, 2, 2, 3, 0]);
  });

  it("is there even when nothing has a finite weight", () => {
    const endless = (): number => Number.POSITIVE_INFINITY;
    expect([0, 1, 2].map((start) => lightest([7, 8], endless, start))).toEqual([0, 1, 0]);
  });

  it("is none of nothing", () => {
    expect(lightest([], itself, 0)).toBe(-1);
  });
});

describe("equals take turns", () => {
  const picks = (lightest: Lightest<string>, items: readonly string[], count: number): string =>
    Array.from({ length: count }, () => lightest.pick(items)).join("");

  it("as long as nobody is lighter", () => {
    const busy = new Set<string>();
    const lightest = new Lightest<string>((item) => (busy.has(item) ? 1 : 0));
    expect(picks(lightest, ["a", "b", "c"], 4)).toBe("abca");
    busy.add("b");
    expect(picks(lightest, ["a", "b", "c"], 4)).toBe("caca");
  });

  it("while others come and go, wherever they stand", () => {
    const lightest = new Lightest<string>(() => 0);
    const rounds = [
      ["a", "b", "c"],
      ["x", "a", "b", "c"],
      ["a", "b", "c"],
      ["a", "b", "y", "c"],
    ];
    expect(rounds.map((items) => lightest.pick(items)).join("")).toBe("abca");
    expect(picks(lightest, ["a", "b", "c"], 3)).toBe("bca");
  });

  it("and go on behind the one picked last, also when it has left", () => {
    const lightest = new Lightest<string>(() => 0);
    expect(picks(lightest, ["a", "b", "c"], 2)).toBe("ab");
    expect(picks(lightest, ["a", "c"], 3)).toBe("cac");
    expect(picks(lightest, ["a"], 1)).toBe("a");
    expect(picks(lightest, [], 1)).toBe("");
    expect(picks(lightest, ["d", "e"], 3)).toBe("ded");
  });
});
