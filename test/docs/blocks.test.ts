import { expect, test } from "vitest";
import { bareExamples, blocksOf } from "./blocks.ts";

test("finds fenced TypeScript and JavaScript in Markdown, and where it begins", () => {
  const text = [
    "Text.",
    "```ts",
    "first();",
    "```",
    "```sh",
    "npm start",
    "```",
    "- in a list",
    "  ```js",
    "  if (second) {",
    "    third();",
    "  }",
    "  ```",
  ].join("\n");
  expect(blocksOf("a.md", text)).toEqual([
    { file: "a.md", line: 3, code: "first();", runs: true },
    { file: "a.md", line: 10, code: "if (second) {\n  third();\n}", runs: true },
  ]);
});

test("a block marked no-run is not executed", () => {
  expect(blocksOf("a.md", "```ts no-run\nserve();\n```")).toMatchObject([{ runs: false }]);
});

test("a fence inside a longer fence is text", () => {
  expect(blocksOf("a.md", "````md\n```ts\nshown();\n```\n````")).toEqual([]);
});

test("finds the blocks of doc comments and leaves other text of the source alone", () => {
  const text = [
    "const text = `",
    "```ts",
    "no();",
    "```",
    "`;",
    "  /**",
    "   * @example",
    "   * ```ts",
    "   * if (yes) {",
    "   *   ok();",
    "   * }",
    "   * ```",
    "   */",
    "  export const x = 1;",
  ].join("\n");
  expect(blocksOf("a.ts", text)).toEqual([
    { file: "a.ts", line: 9, code: "if (yes) {\n  ok();\n}", runs: true },
  ]);
});

test("an @example without a block is found, with a caption or without", () => {
  const text = ["/**", " * @example", " * peer.close()", " */", "/** @example peer.close() */"];
  expect(bareExamples("a.ts", text.join("\n"))).toEqual([2, 5]);
  const good = ["/**", " * @example How to end", " * ```ts", " * peer.close()", " * ```", " */"];
  expect(bareExamples("a.ts", good.join("\n"))).toEqual([]);
});
