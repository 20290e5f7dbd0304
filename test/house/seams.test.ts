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
  const built = (path: string): string => path.replace("./src/", "./dist/").replace(/ts$/, "js");

  test("leads to a file for Node and to its sibling elsewhere, built as in src/", () => {
    expect(source).toMatch(/^\.\/src\/.*\.node\.ts$/);
    // Where public types differ, a program that names no platform is taken for one of Node's.
    const { browser, types, ...rest } = conditions;
    expect(rest).toEqual({
      "troupe-source": source,
      node: built(source),
      default: built(sibling),
    });
    if (types !== undefined) {
      expect([browser, types]).toEqual([built(sibling), built(source).replace(/js$/, "d.ts")]);
    }
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
