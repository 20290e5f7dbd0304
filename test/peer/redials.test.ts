import { describe, expect, test } from "vitest";
import { Redials } from "../../src/peer/redials.ts";
import { Unit } from "../../src/peer/unit.ts";
import { isTroupeError } from "../support/errors.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Lost, wayTo } from "./redial-scene.ts";

/** All connections that wait, two at most, and the signals of the attempts for them. */
class Waiting {
  readonly clock: VirtualClock = new VirtualClock();
  readonly signals: AbortSignal[] = [];
  readonly redials: Redials = new Redials(2, {
    clock: this.clock,
    random: () => 0.5,
    redial: (_way, _connection, signal) => {
      this.signals.push(signal);
      return new Promise(() => {});
    },
  });

  /** Somebody's connection that is lost. */
  lose(connection: Lost = new Lost()): Lost {
    const unit = new Unit(connection.remote);
    unit.attach(connection);
    unit.reachedBy(wayTo(1));
    connection.abort = (reason) => {
      connection.close(reason);
      this.redials.resumed(connection);
    };
    this.redials.suspended(unit, connection);
    return connection;
  }
}

describe("all connections that wait", () => {
  test("are bounded: the first of them waits no longer", () => {
    const waiting = new Waiting();
    const lost = [0, 1, 2, 3].map(() => waiting.lose());
    const limit = isTroupeError("LIMIT", "more than 2 connections wait");
    expect(lost.map(({ closed }) => closed)).toEqual([[limit], [limit], [], []]);
  });

  test("dial no more once they have gone on, and with a pause when nothing has come since", async () => {
    const waiting = new Waiting();
    const { clock, redials, signals } = waiting;
    const connection = waiting.lose();
    await clock.settle();
    redials.resumed(connection);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    waiting.lose(connection);
    await clock.settle();
    expect(signals.length).toBe(1);
    await clock.advance(10);
    expect(signals.length).toBe(2);
    connection.received++;
    redials.resumed(connection);
    waiting.lose(connection);
    await clock.settle();
    expect(signals.length).toBe(3);
  });
});
