import { describe, expect, it } from "vitest";
import type { BenchName, SubjectName } from "../../bench/benches.ts";
import type { Facts } from "../../bench/measure.ts";
import { jsonLines, report } from "../../bench/report.ts";
import type { Results } from "../../bench/run.ts";

type Rounds = Partial<Record<SubjectName, Facts[]>>;

function results(benches: Partial<Record<BenchName, Rounds>>): Results {
  return new Map(
    Object.entries(benches).map(([bench, rounds]) => [
      bench as BenchName,
      new Map(Object.entries(rounds) as [SubjectName, Facts[]][]),
    ]),
  );
}

const rates = (...values: readonly number[]): Facts[] =>
  values.map((value) => ({ "": value, "-cpu": 1 }));
const small = (streams: number, echo: number): Facts => ({
  ...{ "": streams, "-cpu": 20, "-echo": echo, "-echo-cpu": 10 },
});

const MIXED = results({
  "oneway-100B": { ws: rates(10, 20, 10), wss: rates(5, 5, 5), troupe: rates(90, 170, 100) },
  "stream-up": { ws: rates(40, 40, 40), wss: rates(20, 10, 30), troupe: rates(10, 10, 21) },
  "streams-small": { troupe: [small(30, 100), small(20, 100), small(50, 200)] },
});

function lines(of: Results): Map<string, unknown> {
  return new Map(
    jsonLines(of)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
      .map(({ bench, subject, value, unit }) => [`${bench} ${subject}`, [value, unit]]),
  );
}

describe("JSON lines of the bench", () => {
  const all = lines(MIXED);

  it("name the base of a ratio in its unit: another subject, or a fact of the same one", () => {
    expect(all.get("oneway-100B-ratio troupe")).toEqual([9, "x ws"]);
    expect(all.get("oneway-100B-ratio wss")).toEqual([0.5, "x ws"]);
    expect(all.get("stream-up-ratio ws")).toEqual([2, "x wss"]);
    expect(all.get("streams-small-ratio troupe")).toEqual([0.25, "x streams-small-echo"]);
  });

  it("take a ratio within each round and its median then", () => {
    // 0.5, 1 and 0.7: not the ratio of the medians.
    expect(all.get("stream-up-ratio troupe")).toEqual([0.7, "x wss"]);
  });

  it("have no ratio of a base to itself, nor to one that was not run", () => {
    expect(all.has("stream-up-ratio wss")).toBe(false);
    expect(all.has("streams-small-echo-ratio troupe")).toBe(false);
    const alone = lines(results({ "stream-up": { ws: rates(1), troupe: rates(1) } }));
    expect([...alone.keys()].filter((name) => name.includes("-ratio"))).toEqual([]);
  });
});

describe("report of the bench", () => {
  const tables = report(MIXED)
    .trimEnd()
    .split("\n\n")
    .map((table) => table.split("\n").map((row) => row.split(/ {2,}/)));

  it("has a table of figures and one for each base", () => {
    expect(tables.map(([head]) => head?.[0])).toEqual([
      ...["median (min to max)", "times bare ws", "times bare wss", "times its own"],
    ]);
  });

  it("shows who does not take part as such", () => {
    expect(tables[0]).toContainEqual([
      "streams-small",
      "streams/s",
      "-",
      "-",
      "30.0 (20.0 to 50.0)",
    ]);
  });

  it("judges the median, each target by the base of its fact", () => {
    const verdicts = tables.slice(1).flatMap((table) =>
      table.slice(1).flatMap((row) => {
        const at = row.findIndex((text) => /^[<>]=/.test(text));
        return at < 0 ? [] : [[row[0], ...row.slice(at)]];
      }),
    );
    expect(verdicts).toEqual([
      ["oneway-100B", ">= 8.00", "met"],
      ["stream-up", ">= 0.90", "MISSED"],
      ["streams-small / -echo", ">= 0.25", "met"],
    ]);
  });

  it("compares nothing when there is nothing to compare with", () => {
    expect(report(results({ "oneway-100B": { troupe: rates(1) } }))).not.toMatch(/times/);
  });
});
