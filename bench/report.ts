import {
  type Base,
  type BenchName,
  FACTS,
  SHAPES,
  SUBJECT_NAMES,
  type SubjectName,
  TARGETS,
  type Target,
} from "./benches.ts";
import type { Facts } from "./measure.ts";
import type { Results } from "./run.ts";
import { type Spread, spread } from "./stats.ts";

/** A line of figures: one fact of one bench. */
interface Row {
  readonly bench: BenchName;
  /** Bench name with the fact's suffix. */
  readonly name: string;
  readonly unit: string;
  readonly values: ReadonlyMap<SubjectName, Spread>;
  readonly base: Base;
  /** To the base, in the same round; a subject that is the base has none. */
  readonly ratios: ReadonlyMap<SubjectName, Spread>;
  readonly target: Target | undefined;
}

function rowsOf(bench: BenchName, rounds: ReadonlyMap<SubjectName, readonly Facts[]>): Row[] {
  const series = (subject: SubjectName, suffix: string): number[] =>
    (rounds.get(subject) ?? []).map((facts) => facts[suffix] ?? Number.NaN);
  return Object.entries(FACTS[SHAPES[bench].kind]).map(([suffix, { unit, base }]) => {
    const values = new Map<SubjectName, Spread>();
    const ratios = new Map<SubjectName, Spread>();
    for (const subject of rounds.keys()) {
      const own = series(subject, suffix);
      values.set(subject, spread(own));
      if ("subject" in base && (subject === base.subject || !rounds.has(base.subject))) continue;
      const bases = "own" in base ? series(subject, base.own) : series(base.subject, suffix);
      ratios.set(subject, spread(own.map((value, round) => value / (bases[round] ?? Number.NaN))));
    }
    const name = bench + suffix;
    return { bench, name, unit, values, base, ratios, target: TARGETS[name] };
  });
}

/**
 * One JSON object a line: the median of each fact of each subject, and of its ratio to its base. Its
 * unit says which: `x ws` is the same fact of `ws`, `x streams-small-echo` that fact of the same subject.
 */
export function jsonLines(results: Results): string {
  const line = (name: string, subject: SubjectName, value: number, unit: string): string =>
    `${JSON.stringify({ bench: name, subject, value: Number(value.toPrecision(6)), unit })}\n`;
  return [...results]
    .flatMap(([bench, rounds]) => rowsOf(bench, rounds))
    .flatMap(({ bench, name, unit, values, base, ratios }) => [
      ...[...values].map(([subject, { median }]) => line(name, subject, median, unit)),
      ...[...ratios].map(([subject, { median }]) =>
        line(
          `${name}-ratio`,
          subject,
          median,
          `x ${"own" in base ? bench + base.own : base.subject}`,
        ),
      ),
    ])
    .join("");
}

/** For people: what each subject reaches, and below, base by base, how it compares round by round. */
export function report(results: Results): string {
  const rows = [...results].flatMap(([bench, rounds]) => rowsOf(bench, rounds));
  const subjects = SUBJECT_NAMES.filter((name) => rows.some(({ values }) => values.has(name)));
  const figures = table([
    ["median (min to max)", "unit", ...subjects],
    ...rows.map(({ name, unit, values }) => [
      name,
      unit,
      ...subjects.map((subject) => cell(values.get(subject), figure)),
    ]),
  ]);
  const compared = rows.filter(({ ratios }) => ratios.size > 0);
  const titles = new Set(compared.map(({ base }) => titleOf(base)));
  const comparisons = [...titles].map((title) =>
    comparison(
      title,
      compared.filter(({ base }) => titleOf(base) === title),
    ),
  );
  return [figures, ...comparisons].join("\n");
}

function titleOf(base: Base): string {
  return "own" in base ? "times its own" : `times bare ${base.subject}`;
}

/** Rows with the same title, and those subjects that have a ratio in any of them. */
function comparison(title: string, rows: readonly Row[]): string {
  const subjects = SUBJECT_NAMES.filter((name) => rows.some(({ ratios }) => ratios.has(name)));
  return table([
    [title, ...subjects, "target of troupe", ""],
    ...rows.map(({ name, base, ratios, target }) => [
      "own" in base ? `${name} / ${base.own}` : name,
      ...subjects.map((subject) => cell(ratios.get(subject), ratio)),
      ...verdict(ratios.get("troupe"), target),
    ]),
  ]);
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
