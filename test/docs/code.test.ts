import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Block, bareExamples, blocksOf } from "./blocks.ts";
import { type Compiled, compile } from "./compile.ts";
import { documents, root, sources } from "./files.ts";

const seconds = 1000;
const read = (file: string): string => readFileSync(join(root, file), "utf8");

// Shown to be caught, so that the silence about all others means something.
const flawed = blocksOf(
  "flawed.md",
  ["const x: string = 1;", 'throw new Error("no");', "setInterval(() => {}, 1000);"]
    .map((code) => `\`\`\`ts\n${code}\n\`\`\`\n`)
    .join("\n"),
);
const shown = [...documents(), ...sources()].flatMap((file) => blocksOf(file, read(file)));
const blocks = [...flawed, ...shown];
const [mistyped, throwing, endless] = flawed;

let compiled: Compiled;

beforeAll(() => {
  compiled = compile(root, blocks);
}, 60 * seconds);

afterAll(() => {
  rmSync(compiled.folder, { recursive: true, force: true });
});

function errorsOf(block: Block | undefined): string[] {
  return block === undefined ? ["no block"] : (outcome(block)?.errors ?? ["not compiled"]);
}

function outcome(block: Block): Compiled["blocks"][number] | undefined {
  return compiled.blocks[blocks.indexOf(block)];
}

/** Runs a block as a program of its own, in an empty folder. Resolves to what is wrong, if anything. */
async function faultOf(block: Block | undefined, timeout: number): Promise<string | undefined> {
  if (block === undefined) return "no block";
  const cwd = mkdtempSync(join(compiled.folder, "cwd-"));
  const args = ["--enable-source-maps", outcome(block)?.script ?? ""];
  try {
    await promisify(execFile)(process.execPath, args, { cwd, timeout, killSignal: "SIGKILL" });
    return undefined;
  } catch (error) {
    const { killed, stdout, stderr } = error as { killed: boolean; stdout: string; stderr: string };
    const why = killed ? `did not end within ${timeout} ms` : "failed";
    return `${block.file}:${block.line} ${why}\n${stdout}\n${stderr}`;
  }
}

describe("a block that readers are shown is refused when it", () => {
  test("does not type-check", () => {
    expect(errorsOf(mistyped)).toEqual([
      expect.stringMatching(/^flawed.md:2: Type 'number' is not/),
    ]);
    expect(errorsOf(throwing)).toEqual([]);
  });

  test("throws", async () => {
    expect(await faultOf(throwing, 10 * seconds)).toMatch(/failed.*flawed\.md-6\.ts:6/s);
  });

  test("does not end by itself", async () => {
    expect(await faultOf(endless, 1 * seconds)).toContain("did not end within 1000 ms");
  });
});

describe("the code in", () => {
  for (const block of shown) {
    const name = `${block.file}:${block.line}`;
    test(
      `${name} type-checks${block.runs ? ", runs and ends" : ""}`,
      async () => {
        expect(errorsOf(block)).toEqual([]);
        if (block.runs) expect(await faultOf(block, 10 * seconds)).toBeUndefined();
      },
      15 * seconds,
    );
  }
});

test("every @example in src/ shows a block of code", () => {
  const bare = sources().flatMap((file) =>
    bareExamples(file, read(file)).map((line) => `${file}:${line}`),
  );
  expect(bare).toEqual([]);
});
