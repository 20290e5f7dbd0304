import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";

type Conditions = Readonly<Record<string, string>>;

const { imports } = JSON.parse(readFileSync("package.json", "utf8")) as {
  imports: Readonly<Record<string, Conditions>>;
};

describe.each(Object.entries(imports))("%s", (_, conditions) => {
  const source = conditions["troupe-source"] ?? "";
  const sibling = source.replace(".node.ts", ".ts");
  const types = (path: string): string => path.replace("./src/", "./dist/").replace(/ts$/, "d.ts");

  test("leads to a file for Node that has a sibling for elsewhere", () => {
    expect(source).toMatch(/^\.\/src\/.*\.node\.ts$/);
    const { "troupe-source": _, ...built } = conditions;
    // Where public types differ, a program that names no platform is taken for one of Node's.
    const differ = { browser: types(sibling), default: types(source) };
    expect([{}, differ]).toContainEqual(built);
    expect([source, sibling].filter((file) => !existsSync(file))).toEqual([]);
  });

  test("offers the same names on both sides", async () => {
    const [node, other] = await Promise.all([source, sibling].map(namesOf));
    expect(node).toEqual(other);
  });
});

async function namesOf(file: string): Promise<Set<string>> {
  return new Set(Object.keys((await import(/* @vite-ignore */ resolve(file))) as object));
}
