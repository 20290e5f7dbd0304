import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(HERE);

/**
 * The package is measured as built, and the build must be of the sources as they are now.
 *
 * @throws Error when it is not
 */
export function requireFreshPackage(): void {
  const built = changed(join(ROOT, "dist", "index.js"));
  const source = join(ROOT, "src");
  const newer = readdirSync(source, { recursive: true, encoding: "utf8" }).find(
    (file) => file.endsWith(".ts") && changed(join(source, file)) > built,
  );
  if (newer === undefined) return;
  throw new Error(`bench: src/${newer} is newer than dist/; use \`npm run bench\`, which builds`);
}

/** Milliseconds since 1970; 0 for what does not exist. */
function changed(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * Makes plain JavaScript of the bench, in a folder that goes when this process does. The children
 * run that: a loader that strips types as it goes would wrap functions (to keep their names) and
 * so be measured as well, and without a loader `import "troupe"` can only be the built package.
 *
 * @returns the path of the child's script
 */
export function buildChildren(): string {
  const folder = mkdtempSync(join(HERE, ".built-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const file of sources()) {
    const { outputText } = ts.transpileModule(readFileSync(join(HERE, file), "utf8"), {
      fileName: file,
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        rewriteRelativeImportExtensions: true,
        verbatimModuleSyntax: true,
      },
    });
    const target = join(folder, file.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
  return join(folder, "child.js");
}

/** TypeScript files of the bench, relative to it. */
function sources(): string[] {
  const folders = ["", "load", "subjects"];
  return folders.flatMap((folder) =>
    readdirSync(join(HERE, folder))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(folder, file)),
  );
}
