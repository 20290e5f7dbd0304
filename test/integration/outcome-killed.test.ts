import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Destination, TroupeError } from "troupe";
import { describe, expect, it, onTestFinished } from "vitest";
import { newPeer } from "../support/mesh.ts";
import { hear, startChild } from "./children.ts";

const UNITS = 3;
const CALLERS = 60;
const CALLS = 1500;

/** Some processes that play one role, and what each of them has executed. */
interface Cast {
  readonly svc: Destination;
  readonly children: readonly ChildProcess[];
  executed(index: number): number[];
}

/** @param shared - whether they share what they remember */
async function cast(shared: boolean): Promise<Cast> {
  const folder = mkdtempSync(join(tmpdir(), "troupe-outcome-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const store = join(folder, "store");
  mkdirSync(store);
  const logs = Array.from({ length: UNITS }, (_, i) => join(folder, `log-${i}`));
  const children = logs.map((log) =>
    startChild("outcome.child.ts", log, ...(shared ? [store] : [])),
  );
  const client = newPeer();
  const addresses = await Promise.all(children.map(hear));
  for (const address of addresses) await client.connect(String(address));
  const executed = (index: number): number[] => {
    const log = logs[index] ?? "";
    return existsSync(log) ? readFileSync(log, "utf8").trim().split("\n").map(Number) : [];
  };
  return { svc: client.destination("svc"), children, executed };
}

/**
 * Asks 1,500 times, each with a key of its own, and kills one of the units in the middle of it.
 *
 * @returns codes of what has failed, by number of the call
 */
async function underLoad({ svc, children }: Cast): Promise<Map<number, string>> {
  const failed = new Map<number, string>();
  let next = 0;
  const call = async (): Promise<void> => {
    while (next < CALLS) {
      const number = next++;
      if (number === CALLS / 3) children[0]?.kill("SIGKILL");
      const target = { event: "double", idempotencyKey: `call ${number}`, timeout: 5000 };
      try {
        expect((await svc.request<number>(target, number)).data).toBe(2 * number);
      } catch (thrown) {
        if (!(thrown instanceof TroupeError)) throw thrown;
        failed.set(number, thrown.code);
      }
    }
  };
  const exited = children[0] === undefined ? undefined : once(children[0], "exit");
  await Promise.all(Array.from({ length: CALLERS }, call));
  await exited;
  return failed;
}

const twice = (numbers: readonly number[]): number[] =>
  numbers.filter((number, i) => numbers.indexOf(number) !== i);

describe("when a unit is killed under load, requests with a key", { timeout: 30_000 }, () => {
  it("all succeed, and none is executed twice at one unit", async () => {
    const all = await cast(false);
    expect(await underLoad(all)).toEqual(new Map());
    const executed = [0, 1, 2].map(all.executed);
    expect(executed.map(twice)).toEqual([[], [], []]);
    expect(new Set(executed.flat()).size).toBe(CALLS);
    // Some had begun at the one that was killed: it is them that were asked again.
    expect(twice(executed.flat()).length).toBeGreaterThan(0);
  });

  it("are executed once at all where units share a store, or their outcome is not known", async () => {
    const all = await cast(true);
    const failed = await underLoad(all);
    expect([...failed.values()].filter((code) => code !== "OUTCOME_UNKNOWN")).toEqual([]);
    expect(failed.size).toBeLessThanOrEqual(CALLERS);
    const executed = [0, 1, 2].flatMap(all.executed);
    expect(twice(executed)).toEqual([]);
    // Those that failed were claimed by the one that was killed, and so executed by nobody else.
    const elsewhere = new Set([...all.executed(1), ...all.executed(2)]);
    for (const number of failed.keys()) expect(elsewhere.has(number)).toBe(false);
    expect(executed.length).toBeGreaterThanOrEqual(CALLS - failed.size);
  });
});
