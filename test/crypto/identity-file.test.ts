import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadOrCreateSeed } from "../../src/crypto/identity-file.node.ts";
import { loadOrCreateSeed as elsewhere } from "../../src/crypto/identity-file.ts";
import { hex, pattern } from "./support.ts";

const LINE = `troupe-ed25519:${"0f".repeat(32)}\n`;
const POSIX = process.platform !== "win32";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "troupe-identity-"));
  path = join(folder, "peer.key");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const never = (): Uint8Array => {
  throw new Error("asked for random bytes");
};
const refusal = (text: string): object =>
  expect.objectContaining({ code: "BAD_ARGUMENT", message: expect.stringContaining(text) });

describe("loadOrCreateSeed", () => {
  test("creates a file of one line and nothing else", () => {
    const seed = loadOrCreateSeed(path, pattern);
    expect(hex(seed)).toBe(hex(pattern(32)));
    expect(readFileSync(path, "latin1")).toBe(`troupe-ed25519:${hex(seed)}\n`);
    expect(readdirSync(folder)).toEqual(["peer.key"]);
  });

  test.runIf(POSIX)("creates a file for its owner only, whatever the process's mask", () => {
    const mask = process.umask(0o777);
    try {
      loadOrCreateSeed(path, pattern);
    } finally {
      process.umask(mask);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("gives the same seed ever after", () => {
    const seed = loadOrCreateSeed(path, pattern);
    expect(hex(loadOrCreateSeed(path, never))).toBe(hex(seed));
  });

  test("gives the seed of a process that was faster, and leaves nothing behind", () => {
    let others = 0;
    const slow = (length: number): Uint8Array => {
      if (others++ === 0) loadOrCreateSeed(path, (count) => pattern(count, 100));
      return pattern(length);
    };
    const seed = loadOrCreateSeed(path, slow);
    expect(hex(seed)).toBe(hex(pattern(32, 100)));
    expect(hex(loadOrCreateSeed(path, never))).toBe(hex(seed));
    expect(readdirSync(folder)).toEqual(["peer.key"]);
  });

  test.each([LINE, LINE.trimEnd(), LINE.replace("\n", "\r\n")])("reads %j", (text) => {
    writeFileSync(path, text, { mode: 0o600 });
    expect(hex(loadOrCreateSeed(path, never))).toBe("0f".repeat(32));
  });

  test.runIf(POSIX).each([0o640, 0o604, 0o620, 0o666])("refuses a file of mode %o", (mode) => {
    writeFileSync(path, LINE);
    chmodSync(path, mode);
    expect(() => loadOrCreateSeed(path, never)).toThrow(refusal("chmod 600"));
  });

  test.each([
    "",
    "0f".repeat(32),
    LINE.replace("ed25519", "x25519"),
    LINE.replace("0f", "0g"),
    LINE.replace("0f", "0F"),
    LINE.replace("0f", ""),
    `${LINE}\n`,
    LINE + LINE,
    ` ${LINE}`,
  ])("refuses the content %j and leaves it", (text) => {
    writeFileSync(path, text, { mode: 0o600 });
    expect(() => loadOrCreateSeed(path, never)).toThrow(refusal("not an identity file"));
    expect(readFileSync(path, "latin1")).toBe(text);
  });

  test("refuses a folder", () => {
    mkdirSync(path);
    expect(() => loadOrCreateSeed(path, never)).toThrow(refusal(path));
  });

  test("refuses a path whose folder is not there", () => {
    expect(() => loadOrCreateSeed(join(folder, "none", "peer.key"), pattern)).toThrow(
      refusal("ENOENT"),
    );
  });

  test("says elsewhere that files need Node", () => {
    expect(() => elsewhere(path, pattern)).toThrow(refusal("no files here"));
  });
});
