import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Peer, type PeerOptions } from "troupe";
import { describe, expect, it, onTestFinished } from "vitest";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, withDefaults } from "../../src/connection/limits.ts";
import { isTroupeError } from "../support/errors.ts";

const SEED = randomBytes(32);

describe("limits and timeouts", () => {
  it("are the defaults where nothing is said, and given ones over them", () => {
    expect(withDefaults("limits", DEFAULT_LIMITS, undefined)).toEqual(DEFAULT_LIMITS);
    expect(withDefaults("limits", DEFAULT_LIMITS, { requests: 5 })).toEqual({
      ...DEFAULT_LIMITS,
      requests: 5,
    });
  });

  it("keep the default for a name that is given as undefined", () => {
    const given = { request: undefined } as object;
    expect(withDefaults("timeouts", DEFAULT_TIMEOUTS, given)).toEqual(DEFAULT_TIMEOUTS);
  });

  it.each<[string, PeerOptions]>([
    ["limits.request", { limits: { request: 5 } as object }],
    ["timeouts.dial", { timeouts: { dial: 5 } as object }],
    ["limits.requests", { limits: { requests: 0 } }],
    ["limits.requests", { limits: { requests: -1 } }],
    ["limits.requests", { limits: { requests: Number.NaN } }],
    ["timeouts.request", { timeouts: { request: "5" } as object }],
    ["timeouts.request", { timeouts: { request: null } as object }],
  ])("refuse %s in %o, by its name", (name, options) => {
    expect(() => new Peer(options)).toThrow(isTroupeError("BAD_ARGUMENT", name));
  });
});

describe("an identity", () => {
  it("is a new one for every peer when none is given", () => {
    const [one, other] = [new Peer(), new Peer()];
    expect(one.id).toMatch(/^[0-9a-f]{64}$/);
    expect(one.id).not.toBe(other.id);
  });

  it("is the same for the same seed", () => {
    expect(new Peer({ identity: SEED }).id).toBe(new Peer({ identity: SEED }).id);
  });

  it("may be a key pair with the seed or with seed and public key as its secret", () => {
    const { id } = new Peer({ identity: SEED });
    const publicKey = Buffer.from(id, "hex");
    expect(new Peer({ identity: { publicKey, secretKey: SEED } }).id).toBe(id);
    const secretKey = Buffer.concat([SEED, publicKey]);
    expect(new Peer({ identity: { publicKey, secretKey } }).id).toBe(id);
  });

  it("may be kept in a file, which is made when there is none", () => {
    const folder = mkdtempSync(join(tmpdir(), "identity-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const identity = join(folder, "key");
    expect(new Peer({ identity }).id).toBe(new Peer({ identity }).id);
  });

  it.each<[string, unknown]>([
    ["a seed that is too short", SEED.subarray(1)],
    ["a number", 5],
    ["null", null],
    ["a key pair without its secret", { publicKey: SEED }],
    ["a key pair of two halves that do not belong together", { publicKey: SEED, secretKey: SEED }],
    ["a file in a folder that is not there", "/nowhere/at/all"],
  ])("must not be %s", (_what, identity) => {
    expect(() => new Peer({ identity: identity as Uint8Array })).toThrow(
      isTroupeError("BAD_ARGUMENT"),
    );
  });
});

describe("a network key", () => {
  it("is 32 bytes or their hexadecimal digits", () => {
    new Peer({ networkKey: SEED });
    new Peer({ networkKey: SEED.toString("hex") });
  });

  it.each<[string, unknown]>([
    ["empty", ""],
    ["a password", "qwerty456"],
    ["too short", SEED.subarray(1)],
    ["too long", Buffer.concat([SEED, SEED])],
    ["a number", 5],
  ])("must not be %s", (_what, networkKey) => {
    expect(() => new Peer({ networkKey: networkKey as string })).toThrow(
      isTroupeError("BAD_ARGUMENT", "32 random bytes"),
    );
  });
});

describe("a pre-shared key", () => {
  it.each<[string, unknown, unknown]>([
    ["an empty key", "id", ""],
    ["an empty key of bytes", "id", new Uint8Array()],
    ["no key", "id", undefined],
    ["an empty id", "", "key"],
    ["an id that is no text", 5, "key"],
    ["an id of more than 64 bytes", "é".repeat(33), "key"],
  ])("is refused with %s", (_what, id, key) => {
    expect(() => new Peer().addPresharedKey(id as string, key as string)).toThrow(
      isTroupeError("BAD_ARGUMENT"),
    );
  });
});

describe("what a peer tells of itself", () => {
  it("has defaults", () => {
    expect(new Peer()).toMatchObject({ name: "", friendly: true, addresses: [], units: [] });
  });

  it("may have tags, given at once or later", () => {
    const peer = new Peer({ tags: { zone: "a" } }).setTag("rack", "7").setTag("zone", "b");
    expect(peer.getTags()).toEqual({ zone: "b", rack: "7" });
  });

  it.each<[string, PeerOptions]>([
    ["a tag that is no text", { tags: { zone: 5 as never } }],
    ["a tag too long to be told", { tags: { zone: "x".repeat(1025) } }],
    [
      "more tags than can be told",
      { tags: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`tag ${i}`, ""])) },
    ],
    ["a name that is no text", { name: 5 as never }],
    ["a name too long to be told", { name: "x".repeat(1025) }],
  ])("must not be %s: nobody would let it in", (_what, options) => {
    expect(() => new Peer(options)).toThrow(isTroupeError("BAD_ARGUMENT"));
  });
});
