import { type CallOptions, type Destination, type Peer, TroupeError, type Unit } from "troupe";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { join, listening, newPeer, next, rejection, signal } from "../support/mesh.ts";

/** A peer that plays `worker` and counts what it is asked. */
class Worker {
  readonly name: string;
  readonly peer: Peer;
  served = 0;
  /** What is awaited before an answer. */
  before: () => Promise<void> | undefined = () => undefined;

  constructor(name: string) {
    this.name = name;
    this.peer = newPeer({ name });
    this.peer.role("worker").onRequest("work", async () => {
      this.served++;
      await this.before();
      return name;
    });
  }

  /** @returns resolves when the hub knows it as one of its workers */
  async join(hub: Peer): Promise<this> {
    await join(this.peer, hub);
    return this;
  }
}

/** A peer that calls, and workers it knows, in the order of their names. */
async function company(...names: string[]): Promise<{
  hub: Peer;
  workers: readonly Worker[];
  destination: Destination;
}> {
  const hub = await listening({ name: "hub" });
  const workers: Worker[] = [];
  for (const name of names) workers.push(await new Worker(name).join(hub));
  return { hub, workers, destination: hub.destination("worker") };
}

/** A worker, as its caller has it. */
function unitOf({ units }: Destination, worker: string): Unit {
  const unit = units.find(({ name }) => name === worker);
  if (unit === undefined) throw new Error(`${worker} is not there`);
  return unit;
}

/** Who answers calls that are made one after the other. */
async function answers(
  destination: Destination,
  count: number,
  options: Partial<CallOptions>,
): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    names.push((await destination.request<string>({ event: "work", ...options })).data);
  }
  return names;
}

describe("round-robin", () => {
  it("is exactly even among those who stay, while others connect and leave under load", async () => {
    const { hub, workers, destination } = await company("ann", "ben", "cleo", "dora");
    const codes = new Map<string, number>();
    let over = false;
    const call = async (): Promise<void> => {
      while (!over) {
        try {
          await destination.request("work");
        } catch (thrown) {
          const code = thrown instanceof TroupeError ? thrown.code : "?";
          codes.set(code, (codes.get(code) ?? 0) + 1);
        }
      }
    };
    const callers = Array.from({ length: 16 }, call);
    const guests: Worker[] = [];
    for (let i = 0; i < 12; i++) {
      const guest = new Worker(`guest ${i}`);
      guests.push(guest);
      const busy = signal();
      guest.before = (): undefined => {
        if (guest.served === 5 + i) busy.fire();
      };
      await guest.join(hub);
      await busy.promise;
      const left = next(unitOf(destination, guest.name), "close");
      // Some finish what they have, and some are just gone.
      await Promise.all([left, guest.peer.close(i % 3 === 0 ? { timeout: 0 } : {})]);
    }
    over = true;
    await Promise.all(callers);
    const counts = workers.map(({ served }) => served);
    expect(Math.min(...counts)).toBeGreaterThan(40);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    // Only who is just gone takes calls with it, and no more than were out.
    const lost = codes.get("OUTCOME_UNKNOWN") ?? 0;
    expect([...codes.keys()].filter((code) => code !== "OUTCOME_UNKNOWN")).toEqual([]);
    expect(lost).toBeLessThanOrEqual(4 * 16);
    for (const { served } of guests) expect(served).toBeGreaterThanOrEqual(5);
  });
});

describe("least-pending", () => {
  it("leaves those alone that have not answered yet", async () => {
    const { workers, destination } = await company("ann", "ben", "cleo");
    const [ann] = workers;
    const go = signal();
    if (ann !== undefined) ann.before = () => go.promise;
    const least = { balance: "least-pending" } as const;
    const waiting = destination.request({ event: "work", ...least });
    expect(await answers(destination, 4, least)).toEqual(["ben", "cleo", "ben", "cleo"]);
    go.fire();
    expect((await waiting).data).toBe("ann");
    expect(await answers(destination, 3, least)).toEqual(["ann", "ben", "cleo"]);
  });
});

describe("ewma", () => {
  it("tries everybody, and goes on with those who answer sooner", async () => {
    const { workers, destination } = await company("ann", "ben");
    const [ann, ben] = workers;
    if (ann !== undefined) ann.before = () => new Promise((resolve) => setTimeout(resolve, 60));
    expect(destination.units.map(({ latency }) => latency)).toEqual([undefined, undefined]);
    const ewma = { balance: "ewma" } as const;
    expect(new Set(await answers(destination, 2, ewma))).toEqual(new Set(["ann", "ben"]));
    await answers(destination, 60, ewma);
    expect(ann?.served).toBeLessThan(5);
    expect(ben?.served).toBeGreaterThan(50);
    const [slow = 0, quick = 0] = destination.units.map(({ latency }) => latency);
    expect(slow).toBeGreaterThan(50);
    expect(quick).toBeLessThan(slow);
  });
});

describe("hash", () => {
  const keys = Array.from({ length: 40 }, (_, i) => `user ${i}`);
  const shares = async (destination: Destination): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    for (const key of keys) {
      const [name = ""] = await answers(destination, 1, { balance: "hash", key });
      found.set(key, name);
    }
    return found;
  };

  it("finds the same unit from every peer, and moves only the keys of one that leaves", async () => {
    const { workers, destination } = await company("ann", "ben", "cleo");
    const other = await listening({ name: "another hub" });
    for (const worker of workers.toReversed()) await worker.join(other);
    const before = await shares(destination);
    expect(await shares(other.destination("worker"))).toEqual(before);
    expect(new Set(before.values())).toEqual(new Set(["ann", "ben", "cleo"]));
    const [, ben] = workers;
    await Promise.all([next(unitOf(destination, "ben"), "close"), ben?.peer.close()]);
    const after = await shares(destination);
    for (const [key, name] of before) {
      if (name === "ben") expect(after.get(key)).not.toBe("ben");
      else expect(after.get(key)).toBe(name);
    }
  });
});

describe("first", () => {
  it("keeps to one, and goes to the next only when that has left", async () => {
    const { workers, destination } = await company("ann", "ben", "cleo");
    const first = { balance: "first" } as const;
    expect(await answers(destination, 3, first)).toEqual(["ann", "ann", "ann"]);
    await Promise.all([next(unitOf(destination, "ann"), "close"), workers[0]?.peer.close()]);
    expect(await answers(destination, 2, first)).toEqual(["ben", "ben"]);
  });
});

describe("a call", () => {
  it("goes to the unit that it names, whatever its strategy would pick", async () => {
    const { destination } = await company("ann", "ben");
    const unit = unitOf(destination, "ben");
    expect(await answers(destination, 2, { balance: "first", unit })).toEqual(["ben", "ben"]);
  });

  it("one-way is balanced alike", async () => {
    const { destination } = await company("ann", "ben");
    const names = ["first", "first", "round-robin"] as const;
    const sent = names.map((balance) => destination.send({ event: "work", balance })?.name);
    expect(sent).toEqual(["ann", "ann", "ann"]);
    expect(destination.send("work")?.name).toBe("ben");
  });

  it("by a strategy that does not exist, or by a hash of nothing, is refused", async () => {
    const { destination } = await company("ann");
    const unknown = { event: "work", balance: "fastest" as "first" };
    const keyless = { event: "work", balance: "hash" } as const;
    const refused = isTroupeError("BAD_ARGUMENT");
    for (const target of [unknown, keyless]) {
      expect(await rejection(destination.request(target))).toEqual(refused);
      expect(() => destination.send(target)).toThrow(refused);
    }
    // A key alone says nothing.
    expect(await answers(destination, 1, { key: "user 1" })).toEqual(["ann"]);
  });
});
