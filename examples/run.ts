/** Runs an example by its name, in this process: `npm run example <name> [arguments]`. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = new URL(".", import.meta.url);
const [name, ...args] = process.argv.slice(2);

const names = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && sourceOf(entry.name) !== undefined)
  .map((entry) => entry.name);

if (name === undefined) {
  console.log("npm run example <name>\n");
  const width = Math.max(...names.map((each) => each.length));
  for (const each of names) console.log(`  ${each.padEnd(width)}  ${describe(each)}`);
} else if (names.includes(name)) {
  const main = new URL(`${name}/main.ts`, here);
  // The example sees what it would see if it had been started directly.
  process.argv.splice(1, process.argv.length, fileURLToPath(main), ...args);
  await import(main.href);
} else {
  console.error(`There is no example "${name}". There are: ${names.join(", ")}.`);
  process.exitCode = 2;
}

function sourceOf(example: string): string | undefined {
  try {
    return readFileSync(new URL(`${example}/main.ts`, here), "utf8");
  } catch {
    return undefined;
  }
}

/** The first line of the doc comment that the example begins with. */
function describe(example: string): string {
  const text = sourceOf(example)?.match(/\/\*\*[\s*]*([^\n]*)/)?.[1] ?? "";
  return text.replace(/\s*\*\/.*$/, "");
}
