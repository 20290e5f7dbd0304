import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { root } from "./files.ts";

const readme = readFileSync(join(root, "README.md"), "utf8");

/** The block that the README puts behind a file's name. */
function fileInReadme(name: string): string {
  const [, rest = ""] = readme.split(`\`${name}\`:\n`);
  const [, code] = /^\n```js no-run\n([\s\S]*?)\n```/.exec(rest) ?? [];
  if (code === undefined) throw new Error(`README.md shows no ${name}`);
  return code;
}

/** A folder in which `import "troupe"` finds the package, as after `npm install`. */
function folderWithTroupe(): string {
  const folder = mkdtempSync(join(tmpdir(), "newcomer-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "troupe"), "junction");
  return folder;
}

/** Runs a program of that folder, with src/ for the build. */
function run(folder: string, file: string): { lines: AsyncIterator<string>; kill(): void } {
  const args = ["--import", import.meta.resolve("tsx"), "-C", "troupe-source", file];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return { lines, kill: () => child.kill() };
}

test("the README's first program runs as it stands there", async () => {
  const folder = folderWithTroupe();
  // Only the port is another one, which nobody else has.
  writeFileSync(join(folder, "server.mjs"), fileInReadme("server.mjs").replace("9000", "0"));
  const server = run(folder, "server.mjs");
  const { value: listening } = await server.lines.next();
  const port = /^listening on port (\d+)$/.exec(listening)?.[1] ?? "";
  expect(port).not.toBe("");

  writeFileSync(join(folder, "client.mjs"), fileInReadme("client.mjs").replace("9000", port));
  const client = run(folder, "client.mjs");
  const said: string[] = [];
  for (let line = await client.lines.next(); !line.done; line = await client.lines.next())
    said.push(line.value);
  expect(said).toEqual(["server says: Hello, world!"]);
  expect(readme).toContain(`# ${said[0]}\n`);
}, 15_000);
