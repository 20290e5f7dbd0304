import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let clone: string;

interface Locked {
  readonly version: string;
  readonly optional?: boolean;
}

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "a clone "));
  mkdirSync(join(clone, ".ci"));
  cpSync(".ci/setup.js", join(clone, ".ci/setup.js"));
  writeFileSync(join(clone, "package.json"), '{ "type": "module" }');
  lock({ one: { version: "1.0.0" } });
  npm("cp package-lock.json node_modules/.package-lock.json");
});

afterEach(() => {
  rmSync(clone, { recursive: true, force: true });
});

function packagesOf(packages: Readonly<Record<string, Locked>>): string {
  const entries = Object.entries(packages).map(([name, entry]) => [`node_modules/${name}`, entry]);
  return JSON.stringify({ packages: { "": { name: "clone" }, ...Object.fromEntries(entries) } });
}

function lock(packages: Readonly<Record<string, Locked>>): void {
  writeFileSync(join(clone, "package-lock.json"), packagesOf(packages));
}

/** Puts an npm into the clone that notes how it was called and then does what is asked. */
function npm(then: string): void {
  const script = `#!/bin/sh\necho "$*" >> calls\nenv | grep ^npm_config_ >> calls\nmkdir -p node_modules\n${then}\n`;
  writeFileSync(join(clone, "npm"), script, { mode: 0o755 });
}

function setUp(env: NodeJS.ProcessEnv = {}): {
  status: number | null;
  stdout: string;
  calls: string;
} {
  rmSync(join(clone, "calls"), { force: true });
  const { status, stdout } = spawnSync(process.execPath, [join(clone, ".ci/setup.js")], {
    encoding: "utf8",
    env: { PATH: `${clone}${delimiter}${process.env["PATH"]}`, ...env },
  });
  const calls = join(clone, "calls");
  return { status, stdout, calls: existsSync(calls) ? readFileSync(calls, "utf8") : "" };
}

test("a fresh clone is installed with one line, and left alone from then on", () => {
  const first = setUp();
  expect(first.calls).toMatch(/^ci --include=dev --ignore-scripts/);
  expect(first).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Installing .*\n$/) });
  expect(setUp()).toEqual({ status: 0, stdout: "", calls: "" });
});

test("a changed lock file is installed", () => {
  setUp();
  lock({ one: { version: "1.0.1" } });
  expect(setUp().calls).not.toBe("");
  lock({ one: { version: "1.0.1" }, two: { version: "1.0.0" } });
  expect(setUp().calls).not.toBe("");
});

test("an optional package that is not there is not missed, a necessary one is", () => {
  const here = { one: { version: "1.0.0" } };
  npm(`echo '${packagesOf(here)}' > node_modules/.package-lock.json`);
  setUp();
  lock({ ...here, binary: { version: "1.0.0", optional: true } });
  expect(setUp().calls).toBe("");
  lock({ ...here, needed: { version: "1.0.0" } });
  expect(setUp().calls).not.toBe("");
});

test("flags that were meant for an outer npm are not handed on", () => {
  const flags = { npm_config_global: "true", npm_config_dry_run: "true", npm_config_omit: "dev" };
  const { calls } = setUp({ ...flags, npm_config_registry: "http://127.0.0.1:9" });
  expect(calls.match(/^npm_config_\w+/gm)).toEqual(["npm_config_registry"]);
});

test("a failed installation fails the set-up", () => {
  npm("exit 7");
  expect(setUp().status).toBe(7);
});
