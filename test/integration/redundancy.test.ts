import {
  type Connection,
  type Destination,
  type Peer,
  type PeerOptions,
  TroupeError,
  type Unit,
} from "troupe";
import { describe, expect, it } from "vitest";
import { listening, newPeer, next, signal, UNRESUMED } from "../support/mesh.ts";
import { openProxy, type TcpProxy } from "../support/proxy.ts";

const CALLS = 1000;

/** Which connection of a unit each request goes by. */
class Uses {
  readonly counts: number[] = [];
  /** The one that the latest request went by. */
  last = -1;

  constructor({ connections }: Unit) {
    for (const connection of connections) this.#watch(connection, this.counts.push(0) - 1);
  }

  #watch(connection: Connection, index: number): void {
    const request = connection.request.bind(connection);
    connection.request = (...call): void => {
      request(...call);
      this.last = index;
      this.counts[index] = (this.counts[index] ?? 0) + 1;
    };
  }
}

interface Redundant {
  readonly server: Peer;
  readonly client: Peer;
  /** The server, as the client has it. */
  readonly unit: Unit;
  readonly svc: Destination;
  /** What the server has echoed. */
  readonly echoed: readonly number[];
  readonly uses: Uses;
  /** Each on the way of the connection of the same index, until one is lost. */
  readonly proxies: readonly TcpProxy[];
}

/**
 * A peer that serves, and one that has several connections to it, by different addresses.
 *
 * @param options - of the peer that serves
 */
async function redundant(count: number, options: PeerOptions = {}): Promise<Redundant> {
  const server = await listening({ name: "server", ...options });
  const echoed: number[] = [];
  server.role("svc").onRequest<number>("echo", ({ data }) => {
    echoed.push(data);
    return data;
  });
  const client = newPeer({ name: "client" });
  const proxies: TcpProxy[] = [];
  const units = new Set<Unit>();
  for (let i = 0; i < count; i++) {
    const proxy = await openProxy(server.port);
    proxies.push(proxy);
    units.add((await client.connect(proxy.address, { permanent: false })).unit);
  }
  const [unit] = units;
  if (unit === undefined || units.size > 1) throw new Error("that should be one unit");
  await expect.poll(() => server.units[0]?.connections.length).toBe(count);
  const svc = client.destination("svc");
  return { server, client, unit, svc, echoed, uses: new Uses(unit), proxies };
}

/** Asks `count` times, with so many in flight. `before` each call it is told how many are answered. */
async function load(
  svc: Destination,
  count: number,
  inFlight: number,
  each: (asked: Promise<unknown>) => Promise<void> = async (asked) => void (await asked),
): Promise<void> {
  let made = 0;
  const worker = async (): Promise<void> => {
    while (made < count) await each(svc.request<number>("echo", made++));
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

/** By how much the busiest and the idlest are off what is even. */
function unevenness(counts: readonly number[]): number {
  const even = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return Math.max(...counts.map((count) => Math.abs(count - even) / even));
}

describe("several connections to one unit", () => {
  it("share requests that are made one after the other", async () => {
    const { svc, uses } = await redundant(3);
    await load(svc, CALLS, 1);
    expect(uses.counts).toEqual([334, 333, 333]);
  });

  it("share requests of which many are in flight", async () => {
    const { svc, uses } = await redundant(3);
    await load(svc, CALLS, 64);
    expect(uses.counts.reduce((sum, count) => sum + count)).toBe(CALLS);
    expect(unevenness(uses.counts)).toBeLessThan(0.05);
  });

  it("leave less to one that is slow", async () => {
    const { svc, uses, unit, proxies } = await redundant(3);
    const [slow] = unit.connections;
    proxies[0]?.last.stall("up");
    let answered = 0;
    await load(svc, CALLS, 64, async (asked) => {
      await asked;
      answered++;
      // All that is left waits behind what is held up.
      if (answered + (slow?.load ?? 0) === CALLS) proxies[0]?.last.resume();
    });
    const [first = 0, ...others] = uses.counts;
    // Its share of 64, and as much as belongs to a round.
    expect(first).toBeLessThanOrEqual(36);
    expect(unevenness(others)).toBeLessThan(0.05);
  });

  it("carry messages in the order in which they were sent, however busy each is", async () => {
    const { server, svc, proxies } = await redundant(2);
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    const heard: number[] = [];
    const all = signal();
    const role = server.role("svc").onMessage<number>("count", (ctx) => {
      if (heard.push(ctx.data) === numbers.length) all.fire();
    });
    let waitingThere = 0;
    const half = signal();
    role.onRequest("wait", () => {
      if (++waitingThere === numbers.length / 2) half.fire();
      return all.promise;
    });
    const waiting: Promise<unknown>[] = [];
    proxies[0]?.last.stall("up");
    for (const number of numbers) {
      svc.send("count", number);
      waiting.push(svc.request("wait"));
    }
    // The other connection has carried all that it was given.
    await half.promise;
    proxies[0]?.last.resume();
    await Promise.all(waiting);
    expect(heard).toEqual(numbers);
  });
});

describe("the loss of a channel", () => {
  it("fails no call and repeats none, and leaves the unit with all its connections", async () => {
    const { svc, uses, unit, echoed, proxies } = await redundant(3);
    const { connections } = unit;
    const suspensions: TroupeError[] = [];
    unit.on("suspend", (reason) => suspensions.push(reason));
    let answered = 0;
    let cuts = 0;
    await load(svc, CALLS, 64, async (asked) => {
      await asked;
      const allThere = connections.every(({ suspended }) => !suspended);
      if (++answered < 100 + 150 * cuts || !allThere) return;
      cuts++;
      // By the way that was dialled last all are dialled again.
      proxies[2]?.last.cut();
    });
    expect(echoed.toSorted((one, other) => one - other)).toEqual([...Array(CALLS).keys()]);
    expect(uses.counts.reduce((sum, count) => sum + count)).toBe(CALLS);
    await expect.poll(() => connections.some(({ suspended }) => suspended)).toBe(false);
    expect(unit.connections).toBe(connections);
    expect([unit.closed, suspensions]).toEqual([false, []]);
    expect(cuts).toBeGreaterThan(3);
    const dials = proxies.reduce((sum, { links }) => sum + links.length, 0);
    expect(dials).toBeGreaterThan(proxies.length + 2);
  });

  it("that was the last one suspends the unit, once, until one is there again", async () => {
    const { server, unit, svc, proxies } = await redundant(3);
    const go = signal();
    const full = signal();
    let waiting = 0;
    server.role("svc").onRequest("wait", () => {
      if (++waiting === 30) full.fire();
      return go.promise.then(() => "answered");
    });
    const asked = Array.from({ length: 30 }, () => svc.request("wait"));
    await full.promise;
    const [there] = server.units;
    if (there === undefined) throw new Error("nobody is there");
    const told: string[] = [];
    for (const [who, one] of [
      ["client", unit],
      ["server", there],
    ] as const) {
      one.on("suspend", ({ code }) => told.push(`${who} ${code}`));
      one.on("resume", () => told.push(`${who} resumed`));
      one.on("close", () => told.push(`${who} closed`));
    }
    const bothSuspended = Promise.all([next(unit, "suspend"), next(there, "suspend")]);
    const bothResumed = Promise.all([next(unit, "resume"), next(there, "resume")]);
    for (const proxy of proxies) proxy.last.cut();
    await bothSuspended;
    expect([unit.suspended, there.suspended]).toEqual([true, true]);
    // Answers and calls of this time wait for a channel.
    go.fire();
    const later = svc.request("echo", 1);
    await bothResumed;
    for (const answer of asked) expect((await answer).data).toBe("answered");
    expect((await later).data).toBe(1);
    await expect
      .poll(() => [...unit.connections, ...there.connections].map(({ suspended }) => suspended))
      .toEqual(Array(6).fill(false));
    expect(told).toHaveLength(4);
    expect(new Set(told)).toEqual(
      new Set(["client DISCONNECTED", "client resumed", "server DISCONNECTED", "server resumed"]),
    );
  });
});

describe("the loss of a connection", () => {
  it("fails what was in flight on it, and nothing that comes later", async () => {
    const { svc, uses, unit, proxies } = await redundant(3, UNRESUMED);
    const [, lost] = unit.connections;
    let answered = 0;
    const failed: unknown[] = [];
    let atLoss = -1;
    await load(svc, CALLS, 64, async (asked) => {
      const by = uses.last;
      const wasOpen = lost?.open;
      try {
        await asked;
        if (++answered === 300) proxies[1]?.last.cut();
      } catch (thrown) {
        if (atLoss < 0) atLoss = answered;
        failed.push([by, wasOpen, thrown instanceof TroupeError && thrown.code]);
      }
    });
    expect(answered + failed.length).toBe(CALLS);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThanOrEqual(64);
    for (const failure of failed) expect(failure).toEqual([1, true, "OUTCOME_UNKNOWN"]);
    // What came later is shared by the other two.
    const [first = 0, second = 0, third = 0] = uses.counts;
    expect(second).toBeLessThan(CALLS / 3);
    expect(unevenness([first, third])).toBeLessThan(0.05);
    expect([unit.closed, unit.connections.length]).toEqual([false, 2]);
    expect(answered).toBeGreaterThan(atLoss + 300);
  });

  it("makes calls that were waiting on the others wait on", async () => {
    const { server, svc, uses, proxies } = await redundant(3, UNRESUMED);
    const go = signal();
    const full = signal();
    let waiting = 0;
    server.role("svc").onRequest("wait", () => {
      if (++waiting === 30) full.fire();
      return go.promise;
    });
    const asked = Array.from({ length: 30 }, () => {
      const answer = svc.request("wait").then(
        () => "answered",
        (error: TroupeError) => error.code,
      );
      return { by: uses.last, answer };
    });
    await full.promise;
    proxies[1]?.last.cut();
    const theirs = asked.filter(({ by }) => by === 1);
    expect(theirs).toHaveLength(10);
    for (const { answer } of theirs) expect(await answer).toBe("OUTCOME_UNKNOWN");
    go.fire();
    for (const { by, answer } of asked) if (by !== 1) expect(await answer).toBe("answered");
  });

  it("that was the last one closes the unit, once", async () => {
    const { server, client, unit, svc, proxies } = await redundant(3, UNRESUMED);
    const [there] = server.units;
    const told = new Map<string, number>();
    const allTold = signal();
    const tell = (who: string): void => {
      told.set(who, (told.get(who) ?? 0) + 1);
      if (told.size === 3) allTold.fire();
    };
    unit.on("close", (reason) => tell(`client ${reason.code}`));
    there?.on("close", (reason) => tell(`server ${reason.code}`));
    svc.on("close", () => tell("destination"));
    for (const [index, proxy] of proxies.entries()) {
      expect(unit.closed).toBe(false);
      expect(told.size).toBe(0);
      proxy.last.cut();
      const left = proxies.length - 1 - index;
      await expect.poll(() => unit.connections.length).toBe(left);
      await expect.poll(() => there?.connections.length).toBe(left);
      if (left > 0) expect((await svc.request("echo", index)).data).toBe(index);
    }
    await allTold.promise;
    expect(Object.fromEntries(told)).toEqual({
      "client DISCONNECTED": 1,
      "server DISCONNECTED": 1,
      destination: 1,
    });
    expect([unit.closed, there?.closed, client.units, server.units]).toEqual([true, true, [], []]);
  });
});
