import { describe, expect, it } from "vitest";
import { memoryPair } from "../../src/channel/memory.ts";
import type { Connection } from "../../src/connection/connection.ts";
import { TroupeError } from "../../src/errors.ts";
import { Acceptor } from "../../src/peer/acceptor.ts";
import { isTroupeError } from "../support/errors.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { FakeConnection } from "./fakes.ts";

/** An acceptor and what it has opened. */
class Desk {
  readonly clock = new VirtualClock();
  readonly opened: FakeConnection[] = [];
  readonly times: number[] = [];
  readonly #done: (() => void)[] = [];
  readonly acceptor: Acceptor;
  full = false;
  /** Whether a channel turns out to be over while it is opened. */
  stillborn = false;

  constructor(places: number) {
    this.acceptor = new Acceptor(
      this.clock,
      places,
      () => this.full,
      (_channel, time, done) => this.#open(time, done),
    );
  }

  accept(): void {
    this.acceptor.accept(memoryPair()[0], 5000);
  }

  /** The `index`-th of those accepted is authenticated, or has failed. */
  settle(index: number): void {
    this.#done[index]?.();
  }

  #open(time: number, done: () => void): Connection {
    const connection = new FakeConnection();
    connection.abort = (reason) => {
      connection.closed.push(reason);
      done();
    };
    this.opened.push(connection);
    this.times.push(time);
    this.#done.push(done);
    if (this.stillborn) done();
    return connection;
  }
}

it("hands a channel over with the time that is left of its handshake", () => {
  const desk = new Desk(2);
  desk.accept();
  expect(desk.times).toEqual([5000]);
});

it("has room for as many strangers at once as there are places", () => {
  const desk = new Desk(2);
  desk.accept();
  expect(desk.acceptor.room()).toBe(true);
  desk.accept();
  expect(desk.acceptor.room()).toBe(false);
  expect(desk.acceptor.strangers).toBe(2);
});

it("gives a place free when its stranger is authenticated, or has failed", () => {
  const desk = new Desk(1);
  desk.accept();
  desk.settle(0);
  expect(desk.acceptor.room()).toBe(true);
  expect(desk.acceptor.strangers).toBe(0);
});

it("has no room once the peer has as many connections as it takes, however few strangers", () => {
  const desk = new Desk(2);
  desk.full = true;
  expect(desk.acceptor.room()).toBe(false);
});

it("keeps no place for a channel that is over before it was opened", () => {
  const desk = new Desk(1);
  desk.stillborn = true;
  desk.accept();
  expect(desk.acceptor.strangers).toBe(0);
});

describe("when all places are taken", () => {
  it("the oldest stranger gives way once it has dawdled half a second", () => {
    const desk = new Desk(2);
    desk.accept();
    desk.clock.tick(200);
    desk.accept();
    desk.clock.tick(299);
    expect(desk.acceptor.room()).toBe(false);
    desk.clock.tick(1);
    expect(desk.acceptor.room()).toBe(true);
    desk.accept();
    expect(desk.opened[0]?.closed).toEqual([isTroupeError("HANDSHAKE_FAILED", "too slow")]);
    expect(desk.opened[1]?.closed).toEqual([]);
    expect(desk.acceptor.strangers).toBe(2);
  });

  it("nobody gives way to somebody who came as early", () => {
    const desk = new Desk(1);
    desk.clock.tick(10_000);
    desk.accept();
    expect(desk.acceptor.room()).toBe(false);
  });
});

it("cuts every stranger when the peer closes", () => {
  const desk = new Desk(3);
  for (let i = 0; i < 3; i++) desk.accept();
  desk.settle(1);
  const reason = new TroupeError("CLOSED", "the peer is closed");
  desk.acceptor.clear(reason);
  expect(desk.opened.map(({ closed }) => closed)).toEqual([[reason], [], [reason]]);
  expect(desk.acceptor.strangers).toBe(0);
});
