// Builds dist/: declarations file by file, and the code of each platform in as few modules as can be.
// Why: docs/decisions/0014-one-module.md.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";
import ts from "typescript";

rmSync("dist", { recursive: true, force: true });
const { status } = spawnSync("tsc", ["-p", ".ci/tsconfig.build.json"], {
  shell: true,
  stdio: "inherit",
});
if (status !== 0) process.exit(1);

const { imports } = JSON.parse(readFileSync("package.json", "utf8"));
/** What each #seam leads to outside Node: the sibling of the file for Node. */
const elsewhere = Object.fromEntries(
  Object.entries(imports).map(([name, { "troupe-source": file }]) => [
    name,
    file.replace(".node.ts", ".ts"),
  ]),
);

/** esbuild keeps the comments of class members, and Node all text of a module in its heap. */
const withoutComments = {
  name: "without-comments",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const { outputText } = ts.transpileModule(readFileSync(path, "utf8"), {
        fileName: path,
        compilerOptions: {
          target: ts.ScriptTarget.ES2022,
          module: ts.ModuleKind.ESNext,
          verbatimModuleSyntax: true,
          removeComments: true,
          inlineSourceMap: true,
        },
      });
      return { contents: outputText, loader: "js" };
    });
  },
};

const common = {
  plugins: [withoutComments],
  bundle: true,
  // What is imported only when it is needed stays apart.
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  format: "esm",
  packages: "external",
  outdir: "dist",
  sourcemap: true,
  // src/ is part of the package.
  sourcesContent: false,
  logLevel: "warning",
};
await build({
  ...common,
  entryPoints: ["src/index.ts"],
  platform: "node",
  target: "node20.19",
  conditions: ["troupe-source"],
});
await build({
  ...common,
  entryPoints: ["src/browser.ts"],
  platform: "neutral",
  target: "es2022",
  alias: elsewhere,
});
