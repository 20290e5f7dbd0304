import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";

const KIB = 1024;
const MIB = KIB * KIB;

/** What `free.child.ts` tells. */
interface Outcome {
  readonly transfers: boolean;
  readonly left: Readonly<Record<string, number>>;
  readonly mostFreed: number;
  readonly mostLeft: number;
}

/** Node 20 has `ArrayBuffer.prototype.transfer` behind a flag. */
const FLAGS = "transfer" in ArrayBuffer.prototype ? [] : ["--harmony-rab-gsab-transfer"];
const CHILD = fileURLToPath(new URL("free.child.ts", import.meta.url));

describe.each([
  ["by transfer", true],
  ["through a closed port", false],
])("bytes freed %s", (way, transfers) => {
  let outcome: Outcome;
  let code: unknown;

  beforeAll(async () => {
    const child = fork(CHILD, [way], {
      execArgv: [...FLAGS, "--import", "tsx", "-C", "troupe-source"],
    });
    const exited = once(child, "exit");
    [outcome] = await once(child, "message");
    [code] = await exited;
  });

  it("go that way, and do not keep the process from ending", () => {
    expect([outcome.transfers, code]).toEqual([transfers, 0]);
  });

  it("are gone when they are a large buffer, all of it", () => {
    expect(outcome.left).toMatchObject({
      "64 KiB": 0,
      "64 KiB in a Buffer": 0,
      "16 KiB": 0,
      "64 KiB for the second time": 0,
    });
  });

  it("stay when they are few, a part of something larger, of Node's pool or shared", () => {
    expect(outcome.left).toMatchObject({
      "16 KiB less a byte": 16 * KIB - 1,
      "the first half of 64 KiB": 32 * KIB,
      "the last half of 64 KiB": 32 * KIB,
      "a piece of Node's pool": 100,
      "all of Node's pool": Buffer.poolSize,
      "shared memory": 64 * KIB,
      nothing: 0,
    });
  });

  it("take no memory any more, which otherwise grows until a collection", () => {
    expect(outcome.mostFreed).toBeLessThan(MIB);
    expect(outcome.mostLeft).toBeGreaterThan(8 * MIB);
  });
});
