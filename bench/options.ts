import { parseArgs } from "node:util";
import {
  BENCH_NAMES,
  type BenchName,
  FULL,
  type Pace,
  QUICK,
  SUBJECT_NAMES,
  type SubjectName,
  takesPart,
} from "./benches.ts";

export interface Options {
  readonly pace: Pace;
  readonly json: boolean;
  readonly benches: readonly BenchName[];
  readonly subjects: readonly SubjectName[];
}

/** @throws Error whose message says what is allowed */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      only: { type: "string" },
      subjects: { type: "string" },
    },
  });
  const chosen = choose("--only", values.only, BENCH_NAMES);
  const subjects = choose("--subjects", values.subjects, SUBJECT_NAMES);
  const benches = chosen.filter((bench) => subjects.some((subject) => takesPart(subject, bench)));
  if (benches.length === 0) {
    throw new Error(`--only ${chosen.join(",")}: nothing that ${subjects.join(",")} takes part in`);
  }
  return { pace: values.quick ? QUICK : FULL, json: values.json, benches, subjects };
}

/** The named ones in their own order; all of them when nothing is named. */
function choose<Name extends string>(
  option: string,
  list: string | undefined,
  known: readonly Name[],
): readonly Name[] {
  if (list === undefined) return known;
  const named = new Set(list.split(",").map((name) => name.trim()));
  const chosen = known.filter((name) => named.delete(name));
  if (named.size > 0 || chosen.length === 0) {
    throw new Error(
      `${option} ${[...named].join(",")}: unknown; give some of ${known.join(",")}, separated by commas`,
    );
  }
  return chosen;
}
