import { describe, expect, it } from "vitest";
import {
  BENCH_NAMES,
  type BenchName,
  FACTS,
  type Fact,
  SHAPES,
  TARGETS,
  takesPart,
} from "../../bench/benches.ts";

const factsOf = (bench: BenchName): Readonly<Record<string, Fact>> => FACTS[SHAPES[bench].kind];

describe("the table of benches", () => {
  it("promises only facts that are measured", () => {
    const names = BENCH_NAMES.flatMap((bench) =>
      Object.keys(factsOf(bench)).map((suffix) => bench + suffix),
    );
    expect(names).toEqual(expect.arrayContaining(Object.keys(TARGETS)));
  });

  it.each(BENCH_NAMES)("can judge every target of %s", (bench) => {
    const facts = factsOf(bench);
    for (const [suffix, { base }] of Object.entries(facts)) {
      if ("own" in base) expect(facts).toHaveProperty([base.own]);
      else if (bench + suffix in TARGETS) expect(takesPart(base.subject, bench)).toBe(true);
    }
    expect(takesPart("troupe", bench)).toBe(true);
  });
});
