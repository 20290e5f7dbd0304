import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { documents, root } from "./files.ts";
import { anchorsOf, linksOf, pathsOf } from "./links.ts";

test("links are found in prose and not in code", () => {
  const text = 'A [b](c.md "d"), `[e](f)`.\n```\n[g](h)\n```\n[i]: j.md\n![k](<l.png>)\n';
  expect(linksOf(text)).toEqual(["c.md", "l.png", "j.md"]);
});

test("headings become anchors, a repeated one is counted", () => {
  expect(anchorsOf("# A `b` & C!\n\ntext\n\n## Same\n## Same\n")).toEqual(
    new Set(["a-b--c", "same", "same-1"]),
  );
});

test("paths of the repository are found in code spans", () => {
  expect(pathsOf("see `src/a/b.ts`, `src/*.ts`, `src/a` and src/c.ts")).toEqual(["src/a/b.ts"]);
});

describe("what it refers to exists:", () => {
  test.each(documents())("%s", (file) => {
    const text = readFileSync(join(root, file), "utf8");
    const broken = linksOf(text).filter((link) => !isExternal(link) && !leads(file, link));
    const missing = pathsOf(text).filter((path) => !existsSync(join(root, path)));
    expect([...broken, ...missing]).toEqual([]);
  });
});

function isExternal(link: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(link);
}

function leads(from: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? join(root, from) : join(root, dirname(from), decodeURI(path));
  if (!existsSync(target)) return false;
  if (anchor === undefined || !target.endsWith(".md")) return true;
  return anchorsOf(readFileSync(target, "utf8")).has(anchor);
}
