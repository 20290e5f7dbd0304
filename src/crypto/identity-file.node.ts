import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  rmSync,
  type Stats,
  writeSync,
} from "node:fs";
import { fromHex, toHex } from "../bytes/bytes.ts";
import { badArgument, messageOf, toTroupeError } from "../errors.ts";
import { SEED_BYTES } from "./identity.ts";

/** The file is this one line: what it is, and the seed. */
const LINE = /^troupe-ed25519:([0-9a-f]{64})\r?\n?$/;
const lineOf = (seed: Uint8Array): string => `troupe-ed25519:${toHex(seed)}\n`;
/** More than any such line: a wrong path does not make us read a disk. */
const READ_BYTES = 256;

/**
 * `#identity-file` in Node: the seed kept in the file at `path`, which is created with a new one,
 * readable by its owner only (mode 0600), when there is none. Of several processes that do so at
 * once one creates it, whole, and all get its seed.
 *
 * @param randomBytes - asked for 32 bytes when there is no file
 * @throws TroupeError `BAD_ARGUMENT` when the file can be opened by others (except on Windows, whose
 *   access lists Node does not show), holds something else, or can neither be read nor created
 */
export function loadOrCreateSeed(
  path: string,
  randomBytes: (length: number) => Uint8Array,
): Uint8Array {
  try {
    return load(path) ?? create(path, randomBytes) ?? loadCreated(path);
  } catch (error) {
    const what = `cannot use the identity file ${path}, whose folder must be there and yours to write to`;
    throw toTroupeError(error, "BAD_ARGUMENT", what);
  }
}

/** @returns undefined when there is no such file */
function load(path: string): Uint8Array | undefined {
  const file = openUnless("ENOENT", path, "r");
  if (file === undefined) return undefined;
  try {
    checkAccess(path, fstatSync(file));
    return parse(path, readStart(file));
  } finally {
    closeSync(file);
  }
}

/** What another process created just before we could. */
function loadCreated(path: string): Uint8Array {
  const seed = load(path);
  if (seed === undefined)
    throw badArgument(`the identity file ${path} vanished while it was created`);
  return seed;
}

/**
 * Writes a file of another name and links it to `path`, which the system does in one step and only
 * when nothing is there: nobody ever sees half a key, not even after a crash.
 *
 * @returns undefined when somebody else was faster
 */
function create(path: string, randomBytes: (length: number) => Uint8Array): Uint8Array | undefined {
  const seed = randomBytes(SEED_BYTES);
  const draft = `${path}.${toHex(randomBytes(8))}.new`;
  try {
    writePrivate(draft, lineOf(seed));
    return linkUnlessThere(draft, path) ? seed : undefined;
  } finally {
    rmSync(draft, { force: true });
  }
}

function writePrivate(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    // A process may run with a mask that takes even the owner's rights.
    fchmodSync(file, 0o600);
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function linkUnlessThere(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw badArgument(
      `cannot create the identity file ${to}: ${messageOf(error)}; ` +
        "use a file system with hard links, or keep the seed yourself and pass that",
      { cause: error },
    );
  }
}

function openUnless(code: string, path: string, flags: string): number | undefined {
  try {
    return openSync(path, flags);
  } catch (error) {
    if (hasCode(error, code)) return undefined;
    throw error;
  }
}

function checkAccess(path: string, stats: Stats): void {
  if (!stats.isFile()) throw badArgument(`${path} is no file; name one for the identity`);
  if (process.platform !== "win32" && (stats.mode & 0o077) !== 0) {
    throw badArgument(
      `others may open the identity file ${path}, which holds a secret key: run chmod 600 on it, ` +
        "or remove it for a new identity if they may have read it",
    );
  }
}

function readStart(file: number): string {
  const bytes = Buffer.alloc(READ_BYTES);
  return bytes.toString("latin1", 0, readSync(file, bytes));
}

function parse(path: string, text: string): Uint8Array {
  const seed = fromHex(LINE.exec(text)?.[1] ?? "");
  if (seed?.length !== SEED_BYTES) {
    throw badArgument(
      `${path} is not an identity file, which is one line, troupe-ed25519:<64 hex digits>: ` +
        "name another path, or remove it for a new identity",
    );
  }
  return seed;
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
