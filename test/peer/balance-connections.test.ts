import { describe, expect, it } from "vitest";
import { Shares } from "../../src/peer/balance-connections.ts";
import { FakeConnection } from "./fakes.ts";

/** Connections that answer what they were asked some ticks ago, all at once. */
class Scene {
  readonly shares = new Shares();
  readonly connections: FakeConnection[];
  readonly counts: number[];
  /** By connection: how many are due, by tick. */
  readonly #due: Map<number, number>[];
  readonly #ticks: readonly number[];
  #now = 0;

  /** @param ticks - how long each connection takes to answer; `Infinity` when it is stalled */
  constructor(ticks: readonly number[]) {
    this.#ticks = ticks;
    this.connections = ticks.map(() => new FakeConnection());
    this.counts = ticks.map(() => 0);
    this.#due = ticks.map(() => new Map());
  }

  ask(): void {
    const picked = this.shares.pick(this.connections) as FakeConnection;
    const index = this.connections.indexOf(picked);
    const due = this.#due[index];
    if (due === undefined) throw new Error("nothing is picked");
    picked.load++;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    const when = this.#now + (this.#ticks[index] ?? 0);
    due.set(when, (due.get(when) ?? 0) + 1);
  }

  /** What is due is answered, one connection after the other, and each answer is asked on. */
  tick(): void {
    this.#now++;
    for (const [index, due] of this.#due.entries()) {
      const answered = due.get(this.#now) ?? 0;
      due.delete(this.#now);
      const connection = this.connections[index];
      if (connection !== undefined) connection.load -= answered;
      for (let i = 0; i < answered; i++) this.ask();
    }
  }
}

/** By what part of what is even the shares differ from it at most. */
function unevenness(counts: readonly number[]): number {
  const even = counts.reduce((sum, count) => sum + count) / counts.length;
  return Math.max(...counts.map((count) => Math.abs(count - even) / even));
}

/** The shares after some time with so many in flight. */
function sharesOf(ticks: readonly number[], inFlight: number, time = 200): number[] {
  const scene = new Scene(ticks);
  for (let i = 0; i < inFlight; i++) scene.ask();
  for (let i = 0; i < time; i++) scene.tick();
  return scene.counts;
}

describe("connections that are equally quick", () => {
  it.each([1, 2, 16, 64, 250])("share evenly with %d in flight", (inFlight) => {
    for (const count of [2, 3, 4]) {
      const ticks = Array.from({ length: count }, () => 2);
      expect(unevenness(sharesOf(ticks, inFlight))).toBeLessThan(0.05);
    }
  });

  it("take turns exactly when there is one request at a time", () => {
    expect(sharesOf([1, 1, 1], 1, 299)).toEqual([100, 100, 100]);
  });
});

describe("a connection", () => {
  it("that is slow gets less", () => {
    const [slow = 0, ...others] = sharesOf([10, 1, 1], 64);
    const [two = 0, quick = 0] = sharesOf([10, 1], 64);
    expect(slow).toBeLessThan(0.3 * Math.min(...others));
    expect(unevenness(others)).toBeLessThan(0.05);
    expect(two).toBeLessThan(0.4 * quick);
  });

  it("that is stalled gets no more once it has its share and what belongs to a round", () => {
    const endless = Number.POSITIVE_INFINITY;
    expect(sharesOf([endless, 1, 1], 64)[0]).toBeLessThanOrEqual(36);
    expect(sharesOf([endless, 1], 64)[0]).toBeLessThanOrEqual(48);
    expect(sharesOf([endless, 1], 2)[0]).toBe(1);
    expect(sharesOf([endless, 1, 1], 4)[0]).toBeLessThanOrEqual(2);
  });

  it("that is congested is spared, and one that has ended is not used, unless there is no other", () => {
    const { shares, connections } = new Scene([1, 1, 1]);
    const [ended, congested, busy] = connections;
    if (ended === undefined || congested === undefined || busy === undefined) throw new Error();
    ended.open = false;
    congested.congested = true;
    busy.load = 1000;
    expect(shares.pick(connections)).toBe(busy);
    expect(shares.pick([ended, congested])).toBe(congested);
    expect(shares.pick([ended])).toBe(ended);
    expect(shares.pick([])).toBeUndefined();
  });

  it("may be lost at any time: the others go on", () => {
    const { shares, connections } = new Scene([1, 1, 1]);
    for (let i = 0; i < 4; i++) shares.pick(connections);
    const left = connections.slice(0, 2);
    const picked = Array.from({ length: 4 }, () =>
      left.indexOf(shares.pick(left) as FakeConnection),
    );
    expect(picked).toEqual([1, 0, 1, 0]);
  });
});

it("a burst that is long over does not decide", () => {
  const { shares, connections } = new Scene([1, 1]);
  const [busy, idle] = connections;
  for (const connection of connections) connection.load = 200;
  shares.pick(connections);
  for (const connection of connections) connection.load = 0;
  if (busy !== undefined) busy.load = 3;
  const picks = (): number[] =>
    Array.from({ length: 4 }, () =>
      connections.indexOf(shares.pick(connections) as FakeConnection),
    );
  expect(picks()).toEqual([1, 0, 1, 0]);
  for (let i = 0; i < 1500; i++) shares.pick(connections);
  expect(picks()).toEqual([1, 1, 1, 1]);
  expect(shares.pick(connections)).toBe(idle);
});
