import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import type { Block } from "./blocks.ts";

/** What became of the blocks, in their order. */
export interface Compiled {
  /** Where it all was written; to be removed by the caller. */
  readonly folder: string;
  readonly blocks: readonly { readonly script: string; readonly errors: string[] }[];
}

/**
 * Type-checks all blocks in one program with the project's own settings, each as a module beside
 * `src/`, and writes them and `src/` as JavaScript into a folder that is a package named as ours is.
 * So `import "troupe"` means `src/` for compiler and runtime, without a build and without a loader.
 */
export function compile(root: string, blocks: readonly Block[]): Compiled {
  const cache = join(root, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "docs-"));
  const virtual = new Map(blocks.map((block) => [join(root, nameOf(block)), block]));

  const options = settings(root, folder);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  // Blank lines first: a line of the module is that line of the document.
  const textOf = (block: Block): string => "\n".repeat(block.line - 1) + block.code;
  host.fileExists = (path) => virtual.has(path) || fileExists(path);
  host.readFile = (path) => {
    const block = virtual.get(path);
    return block === undefined ? readFile(path) : textOf(block);
  };
  host.getSourceFile = (path, languageOptions, ...rest) => {
    const block = virtual.get(path);
    return block === undefined
      ? getSourceFile(path, languageOptions, ...rest)
      : ts.createSourceFile(path, textOf(block), languageOptions);
  };
  host.writeFile = (path, text) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };

  const program = ts.createProgram({ rootNames: [...virtual.keys()], options, host });
  program.emit();
  writeFileSync(join(folder, "package.json"), JSON.stringify(packageAs(root)));
  return {
    folder,
    blocks: blocks.map((block) => ({
      script: join(folder, nameOf(block).replace(/ts$/, "js")),
      errors: errorsIn(program, join(root, nameOf(block)), block),
    })),
  };
}

function nameOf(block: Block): string {
  return `${block.file.replaceAll("/", "-")}-${block.line}.ts`;
}

function settings(root: string, outDir: string): ts.CompilerOptions {
  const file = join(root, "tsconfig.json");
  const { config } = ts.readConfigFile(file, ts.sys.readFile) as { config: unknown };
  return {
    ...ts.parseJsonConfigFileContent(config, ts.sys, root).options,
    noEmit: false,
    // What a library's declarations need is too much to ask of an example.
    isolatedDeclarations: false,
    declaration: false,
    declarationMap: false,
    skipLibCheck: true,
    rootDir: root,
    outDir,
  };
}

function errorsIn(program: ts.Program, path: string, block: Block): string[] {
  const source = program.getSourceFile(path);
  const found = [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ];
  return found.map(({ messageText, start = 0 }) => {
    const line = source?.getLineAndCharacterOfPosition(start).line ?? 0;
    return `${block.file}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}

/** Our package.json, with every door and seam leading to the emitted twin of its source. */
function packageAs(root: string): unknown {
  type Doors = Record<string, string | { "troupe-source": string }>;
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    name: string;
    type: string;
    exports: Doors;
    imports: Doors;
  };
  const emitted = (doors: Doors): Record<string, string> =>
    Object.fromEntries(
      Object.entries(doors).map(([name, door]) => [
        name,
        typeof door === "string" ? door : door["troupe-source"].replace(/ts$/, "js"),
      ]),
    );
  const { name, type } = manifest;
  return { name, type, exports: emitted(manifest.exports), imports: emitted(manifest.imports) };
}
