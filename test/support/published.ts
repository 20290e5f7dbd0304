import { readFileSync, writeFileSync } from "node:fs";

/**
 * The vectors in `test/vectors/<name>.json` as text, beside the text of those made from the code just
 * now. They are part of the protocol: other implementations are tested by them, so a difference is a
 * change of the protocol. When one is meant, `TROUPE_WRITE_VECTORS=1 npx vitest run <test>` writes the
 * file anew.
 */
export function published(name: string, made: object): { made: string; published: string } {
  const file = new URL(`../vectors/${name}.json`, import.meta.url);
  const text = `${JSON.stringify(made, undefined, 2)}\n`;
  if (process.env["TROUPE_WRITE_VECTORS"] === "1") writeFileSync(file, text);
  return { made: text, published: readFileSync(file, "utf8") };
}
