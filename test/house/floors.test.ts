import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

/** One file a case, each with an import that no reviewer should have to catch. */
const wrong: Record<string, readonly [file: string, imports: string]> = {
  "floor-0-looks-up": ["src/crypto/wrong.ts", "../session/some.ts"],
  "floor-1-looks-up": ["src/channel/wrong.ts", "../connection/some.ts"],
  "floor-2-looks-up": ["src/connection/wrong.ts", "../peer/some.ts"],
  "floor-3-looks-up": ["src/streams/wrong.ts", "../peer/some.ts"],
  "floor-4-looks-up": ["src/peer/upward.ts", "../mesh/some.ts"],
  "floor-5-looks-up": ["src/observe/wrong.ts", "../gateway/some.ts"],
  "floor-6-looks-up": ["src/gateway/wrong.ts", "../cli/some.ts"],
  "on-a-floor": ["src/peer/misc.ts", "../misc/some.ts"],
  "no-cycle": ["src/peer/cycle.ts", "./cycle.ts"],
  "session-frame-channel-apart": ["src/session/apart.ts", "../frame/some.ts"],
  "dialects-apart": ["src/connection/native/wrong.ts", "../roletalk/some.ts"],
  "products-apart": ["src/registry/wrong.ts", "../gateway/some.ts"],
  "node-only-by-name": ["src/browser.ts", "node:fs"],
  "node-through-the-seam": ["src/peer/seam.ts", "../channel/listen.node.ts"],
  "sans-io": ["src/frame/wrong.ts", "../async/clock.ts"],
  "only-ws": ["src/channel/socket.node.ts", "ws"],
  "only-noble": ["src/session/noble.ts", "@noble/hashes/blake2.js"],
  "only-msgpackr": ["src/frame/encode.ts", "msgpackr"],
  "only-eventemitter3": ["src/peer/emitter.ts", "eventemitter3"],
  "entries-are-doors": ["src/gateway/door.ts", "../index.ts"],
  "exports-by-entries": ["src/gateway/list.ts", "../exports.ts"],
  "no-orphan": ["src/peer/orphan.ts", ""],
  "not-to-unlisted": ["src/peer/unlisted.ts", "fast-check"],
  resolves: ["src/peer/nowhere.ts", "./nowhere-to-be-found.ts"],
  "not-to-test": ["src/peer/test.ts", "../../test/some.ts"],
  "by-its-name": ["examples/wrong/main.ts", "../../src/peer/some.ts"],
};

const right: readonly (readonly [file: string, imports: string])[] = [
  ["src/peer/right.ts", "#listen"],
  ["src/channel/listen.node.ts", "ws"],
  ["src/channel/dial.node.ts", "node:net"],
  ["src/crypto/right.ts", "@noble/hashes/blake2.js"],
  ["src/frame/structure.ts", "msgpackr"],
  ["src/async/emitter.ts", "eventemitter3"],
  ["src/connection/right.ts", "../session/some.ts"],
  ["src/gateway/right.ts", "node:http"],
  ["examples/right/main.ts", "troupe"],
];

const root = process.cwd();
let folder: string;
let caught: { readonly rule: string; readonly file: string }[];

function put(file: string, text: string): void {
  mkdirSync(join(folder, dirname(file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "floors-"));
  for (const name of [".dependency-cruiser.cjs", "package.json", "tsconfig.json"]) {
    copyFileSync(join(root, name), join(folder, name));
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  for (const [file, target] of [...Object.values(wrong), ...right]) {
    const local = join(dirname(file), target);
    if (/^\..*some\.ts$/.test(target)) put(local, "export type Some = 1;\n");
    // As a type: those count too.
    put(
      file,
      target === "" ? "" : `import type { Some } from "${target}";\nexport type A = Some;\n`,
    );
  }
  put("src/async/clock.ts", "export type Some = 1;\n");
  put("src/index.ts", "export type Some = 1;\n");
  put("src/exports.ts", "export type Some = 1;\n");

  const bin = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const args = [bin, "--no-progress", "--output-type", "json", "src", "test", "examples"];
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { from: string; rule: { name: string } }[] };
  };
  caught = summary.violations.map(({ from, rule }) => ({ rule: rule.name, file: from }));
}, 30_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test.each(Object.entries(wrong))("%s", (rule, [file]) => {
  expect(caught).toContainEqual({ rule, file });
});

test("what the floors allow is not refused", () => {
  const files = new Set(right.map(([file]) => file));
  expect(caught.filter(({ file }) => files.has(file))).toEqual([]);
});

test("every rule has its case here", () => {
  const config = createRequire(import.meta.url)(join(root, ".dependency-cruiser.cjs")) as {
    forbidden: { name: string }[];
  };
  expect(new Set(config.forbidden.map(({ name }) => name))).toEqual(new Set(Object.keys(wrong)));
});
