import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../src/connection/limits.ts";
import { root } from "./files.ts";

const read = (file: string): string => readFileSync(`${root}/${file}`, "utf8");

/** Every word in backquotes that stands first in a row of a table. */
const rowsOf = (page: string): string[] =>
  [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = ""]) => name);

test("the table of errors has a row for each code, and for no other", () => {
  const [, union = ""] = read("src/errors.ts").match(/export type ErrorCode =([^;]*);/) ?? [];
  const codes = [...union.matchAll(/"([A-Z_]+)"/g)].map(([, code = ""]) => code);
  expect(codes.length).toBeGreaterThan(20);
  const rows = rowsOf(read("docs/concepts.md")).filter((name) => /^[A-Z_]+$/.test(name));
  expect(rows).toHaveLength(codes.length);
  expect(new Set(rows)).toEqual(new Set(codes));
});

test("the table of limits has a row for each option", () => {
  const options = [
    ...Object.keys(DEFAULT_TIMEOUTS).map((name) => `timeouts.${name}`),
    ...Object.keys(DEFAULT_LIMITS).map((name) => `limits.${name}`),
  ];
  expect(rowsOf(read("docs/concepts.md")).filter((name) => name.includes("."))).toEqual(options);
});

test("the README names every page of docs/", () => {
  const pages = readdirSync(`${root}/docs`).filter((name) => name.endsWith(".md"));
  const readme = read("README.md");
  expect(pages.filter((name) => !readme.includes(`(docs/${name})`))).toEqual([]);
});

test("decisions are numbered without a gap", () => {
  const pages = readdirSync(`${root}/docs/decisions`).toSorted((a, b) => a.localeCompare(b));
  const titles = pages.map((name) => /^# (\d+)\./.exec(read(`docs/decisions/${name}`))?.[1]);
  expect(titles).toEqual(pages.map((_, index) => `${index + 1}`));
  expect(pages.map((name) => name.slice(0, 4))).toEqual(
    pages.map((_, index) => `${index + 1}`.padStart(4, "0")),
  );
});
