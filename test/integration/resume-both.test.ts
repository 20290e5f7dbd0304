import { type Peer, TroupeError, type Unit } from "troupe";
import { describe, expect, it } from "vitest";
import { listening, next, signal } from "../support/mesh.ts";
import { type Link, openProxy } from "../support/proxy.ts";

/** Two peers with one connection that either of them may dial: the first one's dial is never answered. */
interface Scene {
  readonly units: readonly [Unit, Unit];
  /** They lose the connection, and the other one's dial is held up until the first one has asked for an answer. */
  lose(): Promise<void>;
}

async function scene(first: Peer, second: Peer): Promise<Scene> {
  let lost = false;
  let held = true;
  const asked = signal();
  const chunks = new Map<Link, number>();
  const forth = await openProxy(second.port, (chunk, direction, _, link) => {
    if (!lost || direction === "down") return chunk;
    chunks.set(link, (chunks.get(link) ?? 0) + 1);
    // The upgrade and the first message: the next one names the connection.
    if ((chunks.get(link) ?? 0) <= 2) return chunk;
    asked.fire();
    return undefined;
  });
  const back = await openProxy(first.port, (chunk, _, __, link) => {
    if (lost && held) link.stall();
    return chunk;
  });
  const { unit: there } = await first.connect(forth.address, { permanent: false });
  const { unit: here } = await second.connect(back.address, { permanent: false });
  const units = [there, here] as const;
  const connections = (): number[] => units.map((unit) => unit.connections.length);
  await expect.poll(connections).toEqual([2, 2]);
  there.connections[1]?.close(new TroupeError("CLOSED", "not this one"));
  await expect.poll(connections).toEqual([1, 1]);
  const lose = async (): Promise<void> => {
    lost = true;
    const suspended = units.map((unit) => next(unit, "suspend"));
    for (const proxy of [forth, back]) proxy.cutAll();
    await Promise.all(suspended);
    await asked.promise;
    held = false;
    for (const link of back.links) link.resume();
  };
  return { units, lose };
}

/** By their ids, the lower one first. */
async function twoPeers(): Promise<readonly [Peer, Peer]> {
  const [one, other] = [await listening(), await listening()];
  return one.id < other.id ? [one, other] : [other, one];
}

/** Milliseconds until both have a channel again. */
async function untilResumed({ units, lose }: Scene): Promise<number> {
  const resumed = units.map((unit) => next(unit, "resume"));
  await lose();
  const begun = performance.now();
  await Promise.all(resumed);
  return performance.now() - begun;
}

describe("of two peers that dial each other at once to go on", () => {
  it("the lower one waits a second for the answer to its own dial, and takes the other's then", async () => {
    const [lower, higher] = await twoPeers();
    const time = await untilResumed(await scene(lower, higher));
    expect(time).toBeGreaterThan(700);
    // Its own dial would be given up after 5 s.
    expect(time).toBeLessThan(3500);
  });

  it("the higher one takes the other's at once", async () => {
    const [lower, higher] = await twoPeers();
    expect(await untilResumed(await scene(higher, lower))).toBeLessThan(600);
  });
});
