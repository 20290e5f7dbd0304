import { type Destination, type Peer, TroupeError, type Unit } from "troupe";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { addressOf, join, Log, listening, newPeer, next, rejection } from "../support/mesh.ts";
import { hear, startChild } from "./children.ts";

/** Soon set aside, and soon tried again. */
const QUICK = { failures: 3, time: 50 };
/** Milliseconds that a call waits: so long nobody takes who works. */
const PATIENCE = 300;

/** A peer that plays `worker`, and is or is not able to. */
class Worker {
  readonly name: string;
  readonly peer: Peer;
  state: "works" | "hangs" | "refuses" = "works";
  heard = 0;
  served = 0;

  constructor(name: string) {
    this.name = name;
    this.peer = newPeer({ name });
    this.peer
      .role("worker")
      .onMessage("tell", () => void this.heard++)
      .onWritable("flow", ({ writable }) => {
        if (this.state === "refuses") throw new TroupeError("REJECTED", "I cannot");
        if (this.state === "hangs") return new Promise(() => {});
        writable.end(name);
        return undefined;
      })
      .onRequest("work", () => {
        this.served++;
        if (this.state === "refuses") throw new TroupeError("REJECTED", "I cannot");
        return this.state === "works" ? name : new Promise(() => {});
      });
  }
}

/** A peer that calls, its log, and the workers ann, ben and cleo. */
async function company(): Promise<{
  hub: Peer;
  log: Log;
  destination: Destination;
  ann: Worker;
  ben: Worker;
  cleo: Worker;
}> {
  const log = new Log();
  const hub = await listening({ name: "hub", logger: log });
  const [ann, ben, cleo] = [new Worker("ann"), new Worker("ben"), new Worker("cleo")];
  for (const { peer } of [ann, ben, cleo]) await join(peer, hub);
  const destination = hub.destination("worker", { ejection: QUICK });
  return { hub, log, destination, ann, ben, cleo };
}

/** What becomes of a call: `answered`, or its code. */
async function outcome(destination: Destination): Promise<string> {
  try {
    await destination.request({ event: "work", timeout: PATIENCE, retry: 0 });
    return "answered";
  } catch (thrown) {
    return thrown instanceof TroupeError ? thrown.code : "?";
  }
}

/** What becomes of calls that are made at once: so many of each outcome. */
async function outcomes(destination: Destination, count: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const calls = Array.from({ length: count }, () => outcome(destination));
  for (const told of await Promise.all(calls)) counts.set(told, (counts.get(told) ?? 0) + 1);
  return counts;
}

/** Enough calls at once for each of three to fail three times. */
async function eject(destination: Destination): Promise<Unit> {
  const ejected = next(destination, "eject");
  await outcomes(destination, 9);
  const [unit, error] = await ejected;
  expect(error).toEqual(isTroupeError("TIMEOUT"));
  return unit;
}

/** Calls one after the other until somebody is back. */
async function restore(destination: Destination): Promise<Unit> {
  let back: Unit | undefined;
  destination.once("restore", (unit) => {
    back = unit;
  });
  while (back === undefined) await outcome(destination);
  return back;
}

describe("a unit that hangs", () => {
  it("is set aside, and back when it works again", async () => {
    const { log, destination, ann, ben, cleo } = await company();
    ann.state = "hangs";
    expect((await eject(destination)).name).toBe("ann");
    expect(destination.ejected.map(({ name }) => name)).toEqual(["ann"]);
    expect(log.warnings).toHaveLength(1);
    expect(log.warnings[0]).toMatch(/^destination "worker": unit "ann" is set aside for \d+ ms$/);

    // From now on it gets those only that try it.
    const before = [ann.served, ben.served + cleo.served];
    let late = 0;
    for (let i = 0; i < 200; i++) if ((await outcome(destination)) !== "answered") late++;
    expect(ann.served - (before[0] ?? 0)).toBe(late);
    expect(ben.served + cleo.served - (before[1] ?? 0)).toBe(200 - late);
    expect(late).toBeLessThan(8);

    ann.state = "works";
    expect((await restore(destination)).name).toBe("ann");
    expect(destination.ejected).toEqual([]);
    expect(await outcomes(destination, 30)).toEqual(new Map([["answered", 30]]));
  });

  it("is reached by broadcasts and surveys meanwhile, and by calls that name it", async () => {
    const { destination, ann, ben, cleo } = await company();
    ann.state = "hangs";
    const unit = await eject(destination);
    ann.state = "works";
    expect(destination.broadcast("tell")).toHaveLength(3);
    const names = new Set<unknown>();
    for await (const item of destination.survey("work"))
      names.add(item.error === undefined ? item.data : item.error.code);
    expect(names).toEqual(new Set(["ann", "ben", "cleo"]));
    expect([ann.heard, ben.heard, cleo.heard]).toEqual([1, 1, 1]);
    expect((await destination.request({ event: "work", unit })).data).toBe("ann");
    expect(destination.ejected).toEqual([unit]);
  });

  it("is not set aside when all of them do", async () => {
    const { destination, ann, ben, cleo } = await company();
    for (const worker of [ann, ben, cleo]) worker.state = "hangs";
    expect(await outcomes(destination, 60)).toEqual(new Map([["TIMEOUT", 60]]));
    expect(destination.ejected).toEqual([]);
    for (const worker of [ann, ben, cleo]) worker.state = "works";
    expect(await outcomes(destination, 30)).toEqual(new Map([["answered", 30]]));
  });

  it("since its process is stopped, is set aside long before it counts as gone", async () => {
    const child = startChild("ejection.child.ts");
    const client = newPeer();
    const { unit } = await client.connect(String(await hear(child)));
    const other = new Worker("other");
    await other.peer.listen({ port: 0, host: "127.0.0.1" });
    await client.connect(addressOf(other.peer));
    const destination = client.destination("worker", { ejection: QUICK });
    expect(destination.units).toHaveLength(2);

    child.kill("SIGSTOP");
    expect(await eject(destination)).toBe(unit);
    expect(unit.closed).toBe(false);
    child.kill("SIGCONT");
    expect(await restore(destination)).toBe(unit);
  });
});

describe("a unit that does not take streams in time", () => {
  /** What one brings, or the code of its end. */
  const flow = async (destination: Destination): Promise<string> => {
    try {
      let text = "";
      const stream = destination.readable({ event: "flow", timeout: PATIENCE });
      for await (const chunk of stream) text += String(chunk);
      return text;
    } catch (thrown) {
      return thrown instanceof TroupeError ? thrown.code : "?";
    }
  };

  it.each(["works", "refuses"] as const)("is set aside, and back when it %s", async (state) => {
    const { destination, ann } = await company();
    ann.state = "hangs";
    const ejected = next(destination, "eject");
    const ends = await Promise.all(Array.from({ length: 9 }, () => flow(destination)));
    expect(ends.filter((end) => end === "TIMEOUT")).toHaveLength(3);
    expect((await ejected)[0].name).toBe("ann");
    ann.state = state;
    while (destination.ejected.length > 0) await flow(destination);
    const again = await Promise.all(Array.from({ length: 3 }, () => flow(destination)));
    const last = state === "works" ? "ann" : "REJECTED";
    expect(new Set(again)).toEqual(new Set(["ben", "cleo", last]));
  });
});

describe("a unit is not set aside", () => {
  it("for what its handler throws, however often", async () => {
    const { destination, ann } = await company();
    ann.state = "refuses";
    const codes = await outcomes(destination, 60);
    expect([codes.get("REJECTED"), codes.get("answered")]).toEqual([20, 40]);
    expect(destination.ejected).toEqual([]);
    for (let i = 0; i < 30; i++) await rejection(destination.request("nonsense"));
    expect(destination.ejected).toEqual([]);
  });

  it("once the destination says so, and none is any more", async () => {
    const { hub, destination, ann } = await company();
    ann.state = "hangs";
    await eject(destination);
    expect(hub.destination("worker", { ejection: false })).toBe(destination);
    expect(destination.ejected).toEqual([]);
    const codes = await outcomes(destination, 15);
    expect([codes.get("TIMEOUT"), codes.get("answered")]).toEqual([5, 10]);
    expect(destination.ejected).toEqual([]);
  });
});

it("options that cannot be are refused, for a new destination and for one that is there", () => {
  const peer = newPeer();
  const refused = isTroupeError("BAD_ARGUMENT", 'destination "worker": ejection.failures');
  const ask = (): unknown => peer.destination("worker", { ejection: { failures: 0 } });
  expect(ask).toThrow(refused);
  expect(peer.destinations).toEqual([]);
  peer.destination("worker");
  expect(ask).toThrow(refused);
});
