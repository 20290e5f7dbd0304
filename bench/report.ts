import {
  type BenchName,
  FACTS,
  SHAPES,
  type SubjectName,
  TARGETS,
  type Target,
} from "./benches.ts";
import type { Facts } from "./measure.ts";
import type { Results } from "./run.ts";
import { type Spread, spread } from "./stats.ts";

/** What everything else is measured against. */
const BASE: SubjectName = "ws";

/** A line of figures: one fact of one bench. */
interface Row {
  /** Bench name with the fact's suffix. */
  readonly name: string;
  readonly unit: string;
  readonly values: ReadonlyMap<SubjectName, Spread>;
  /** To the base, in the same round; the base itself has none. */
  readonly ratios: ReadonlyMap<SubjectName, Spread>;
  readonly target: Target | undefined;
}

function rowsOf(bench: BenchName, rounds: ReadonlyMap<SubjectName, readonly Facts[]>): Row[] {
  return Object.entries(FACTS[SHAPES[bench].kind]).map(([suffix, unit]) => {
    const series = (subject: SubjectName): number[] =>
      (rounds.get(subject) ?? []).map((facts) => facts[suffix] ?? Number.NaN);
    const base = series(BASE);
    const values = new Map<SubjectName, Spread>();
    const ratios = new Map<SubjectName, Spread>();
    for (const subject of rounds.keys()) {
      const own = series(subject);
      values.set(subject, spread(own));
      if (subject === BASE || base.length === 0) continue;
      ratios.set(subject, spread(own.map((value, round) => value / (base[round] ?? Number.NaN))));
    }
    return { name: bench + suffix, unit, values, ratios, target: TARGETS[bench + suffix] };
  });
}

/** One JSON object a line: the median of each fact of each subject, and of its ratio to bare `ws` (unit `x ws`). */
export function jsonLines(results: Results): string {
  const line = (name: string, subject: SubjectName, value: number, unit: string): string =>
    `${JSON.stringify({ bench: name, subject, value: Number(value.toPrecision(6)), unit })}\n`;
  return [...results]
    .flatMap(([bench, rounds]) => rowsOf(bench, rounds))
    .flatMap(({ name, unit, values, ratios }) => [
      ...[...values].map(([subject, { median }]) => line(name, subject, median, unit)),
      ...[...ratios].map(([subject, { median }]) =>
        line(`${name}-ratio`, subject, median, `x ${BASE}`),
      ),
    ])
    .join("");
}

/** For people: what each subject reaches, and how it compares with bare `ws` round by round. */
export function report(results: Results): string {
  const rows = [...results].flatMap(([bench, rounds]) => rowsOf(bench, rounds));
  const [first] = results.values();
  const subjects = [...(first?.keys() ?? [])];
  const figures = table([
    ["median (min to max)", "unit", ...subjects],
    ...rows.map(({ name, unit, values }) => [
      name,
      unit,
      ...subjects.map((subject) => cell(values.get(subject), figure)),
    ]),
  ]);
  const compared = subjects.filter((subject) => subject !== BASE);
  if (compared.length === subjects.length || compared.length === 0) return figures;
  const ratios = table([
    [`times bare ${BASE}`, ...compared, "target of troupe", ""],
    ...rows.map(({ name, ratios, target }) => [
      name,
      ...compared.map((subject) => cell(ratios.get(subject), ratio)),
      ...verdict(ratios.get("troupe"), target),
    ]),
  ]);
  return `${figures}\n${ratios}`;
}

/** Columns as wide as they must be; the first one is flush left, figures are flush right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, text] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, text.length);
    }
  }
  return rows
    .map((row) => {
      const cells = row.map((text, column) =>
        column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0),
      );
      return `${cells.join("  ").trimEnd()}\n`;
    })
    .join("");
}

function cell(values: Spread | undefined, format: (value: number) => string): string {
  if (values === undefined) return "-";
  return `${format(values.median)} (${format(values.min)} to ${format(values.max)})`;
}

/** Three digits that count, thousands as `k`, millions as `M`. */
function figure(value: number): string {
  if (Math.abs(value) >= 1e6) return `${(value / 1e6).toPrecision(3)}M`;
  if (Math.abs(value) >= 1e5) return `${(value / 1e3).toFixed(0)}k`;
  if (Math.abs(value) >= 1e4) return `${(value / 1e3).toPrecision(3)}k`;
  return value.toPrecision(3).includes("e") ? value.toFixed(0) : value.toPrecision(3);
}

const ratio = (value: number): string => value.toFixed(2);

function verdict(ratios: Spread | undefined, target: Target | undefined): [string, string] {
  if (target === undefined) return ["", ""];
  const [bound, met] =
    "atLeast" in target
      ? [`>= ${ratio(target.atLeast)}`, (ratios?.median ?? Number.NaN) >= target.atLeast]
      : [`<= ${ratio(target.atMost)}`, (ratios?.median ?? Number.NaN) <= target.atMost];
  if (ratios === undefined) return [bound, ""];
  return [bound, met ? "met" : "MISSED"];
}
