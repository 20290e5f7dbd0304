import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./files.ts";

/** A test that a row of the page names: where it is, and its title or that of its group. */
interface Cited {
  readonly file: string;
  readonly title: string;
}

const CITATION = /`(test\/[^`]+)`: "([^"]+)"/g;
const rows = readFileSync(join(root, "docs/faults.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| [RFH]\d/.test(line));

function citedIn(row: string): Cited[] {
  return [...row.matchAll(CITATION)].map(([, file = "", title = ""]) => ({ file, title }));
}

/** Whether the file has this text within quotes, as a title stands in the code. */
function exists({ file, title }: Cited): boolean {
  if (!existsSync(join(root, file))) return false;
  const code = readFileSync(join(root, file), "utf8");
  return code.split(title).length > 1 && /["'`]/.test(code.split(title)[1]?.[0] ?? "");
}

test("every fault in docs/faults.md names a test", () => {
  expect(rows.length).toBeGreaterThan(30);
  expect(rows.filter((row) => citedIn(row).length === 0)).toEqual([]);
});

test("every test that docs/faults.md names exists", () => {
  expect(exists({ file: "test/docs/faults.test.ts", title: ["no", "such"].join(" ") })).toBe(false);
  expect(exists({ file: "test/docs/none.test.ts", title: "faults" })).toBe(false);
  expect(rows.flatMap(citedIn).filter((cited) => !exists(cited))).toEqual([]);
});

test("nothing else stands where docs/faults.md names tests", () => {
  const rest = rows.map((row) =>
    row.split(" | ").at(-1)?.replace(CITATION, "").replaceAll("<br>", ""),
  );
  expect(rest.filter((text) => text?.trim() !== "|")).toEqual([]);
});
