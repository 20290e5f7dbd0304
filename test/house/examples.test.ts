import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "examples-"));
  cpSync("examples/run.ts", join(folder, "run.ts"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  mkdirSync(join(folder, "support"));
  const programs = {
    hello: "/** Says hello. */\nconsole.log(...process.argv.slice(2));\nprocess.exitCode = 3;\n",
    "rpc-middleware": "/**\n * Goes through layers.\n *\n * More.\n */\n",
  };
  for (const [name, text] of Object.entries(programs)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "main.ts"), text);
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", join(folder, "run.ts"), ...args],
    { encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

test("without a name, lists the examples and what each shows", () => {
  const { status, stdout } = run();
  const [, ...lines] = stdout.trimEnd().split("\n").filter(Boolean);
  expect(status).toBe(0);
  expect(lines).toEqual([
    "  hello           Says hello.",
    "  rpc-middleware  Goes through layers.",
  ]);
});

test("with a name, runs that example with the arguments and the exit code that are its own", () => {
  expect(run("hello", "a", "--b")).toEqual({ status: 3, stdout: "a --b\n", stderr: "" });
});

test("an unknown name is answered with the known ones", () => {
  expect(run("helo")).toMatchObject({
    status: 2,
    stderr: 'There is no example "helo". There are: hello, rpc-middleware.\n',
  });
});
