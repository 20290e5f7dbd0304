import { describe, expect, it } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { parseAddress } from "../../src/peer/address.ts";
import { type Connected, Dialer } from "../../src/peer/dialer.ts";
import { isTroupeError } from "../support/errors.ts";
import { rejection } from "../support/mesh.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { type FakeConnection, unitOf } from "./fakes.ts";

const ADDRESS = parseAddress("ws://localhost:9000");
const refusal = new TroupeError("CONNECT_FAILED", "nothing listens");
const loss = new TroupeError("DISCONNECTED", "the connection was lost");

/** One attempt, for the test to decide. */
interface Attempt {
  readonly at: number;
  readonly signal: AbortSignal;
  succeed(): Connected & { connection: FakeConnection };
  fail(error?: Error): void;
  lose(reason?: TroupeError): void;
}

/** A dialer with everything around it under control. */
class Scene {
  readonly clock = new VirtualClock();
  readonly attempts: Attempt[] = [];
  readonly events: string[] = [];
  readonly dialer: Dialer;

  constructor(permanent = true) {
    this.dialer = new Dialer(ADDRESS, permanent, {
      clock: this.clock,
      random: () => 0.5,
      attempt: (_address, signal, lost) => this.#attempt(signal, lost),
      restored: (_address, count) => this.events.push(`restored after ${count}`),
      failed: (_address, count, wait, { code }) =>
        this.events.push(`failure ${count} ${code}, next in ${wait}`),
      refused: (_address, { code }) => this.events.push(`refused ${code}`),
    });
  }

  get last(): Attempt {
    const attempt = this.attempts.at(-1);
    if (attempt === undefined) throw new Error("nothing was dialled");
    return attempt;
  }

  #attempt(signal: AbortSignal, lost: (reason: TroupeError) => void): Promise<Connected> {
    return new Promise((resolve, reject) => {
      const { unit, connection } = unitOf("ann");
      this.attempts.push({
        at: this.clock.now(),
        signal,
        succeed: () => {
          resolve({ unit, connection });
          return { unit, connection };
        },
        fail: (error = refusal) => reject(error),
        lose: (reason = loss) => {
          connection.open = false;
          lost(reason);
        },
      });
    });
  }
}

describe("the first attempt", () => {
  it("is made at once, and whoever waits gets what it gives", async () => {
    const scene = new Scene();
    const waiting = scene.dialer.connected();
    expect(scene.attempts).toHaveLength(1);
    const { unit, connection } = scene.last.succeed();
    expect(await waiting).toEqual({ unit, connection });
    expect(await scene.dialer.connected()).toEqual({ unit, connection });
    expect(scene.events).toEqual([]);
  });

  it("rejects when it fails, and a permanent dialer goes on nevertheless", async () => {
    const scene = new Scene();
    const waiting = scene.dialer.connected();
    scene.last.fail();
    expect(await rejection(waiting)).toBe(refusal);
    await scene.clock.advance(0);
    expect(scene.attempts).toHaveLength(2);
  });

  it("is the last one when it fails and the dialer is not permanent", async () => {
    const scene = new Scene(false);
    const waiting = scene.dialer.connected();
    scene.last.fail();
    expect(await rejection(waiting)).toBe(refusal);
    await scene.dialer.stopped;
    await scene.clock.advance(100_000);
    expect(scene.attempts).toHaveLength(1);
    expect(scene.clock.timers).toBe(0);
  });

  it("that failed with something foreign rejects with a TroupeError that keeps it", async () => {
    const scene = new Scene(false);
    const waiting = scene.dialer.connected();
    const foreign = new Error("out of descriptors");
    scene.last.fail(foreign);
    const reason = await rejection(waiting);
    expect(reason).toEqual(isTroupeError("CONNECT_FAILED", "out of descriptors"));
    expect(reason).toMatchObject({ cause: foreign });
  });
});

describe("a permanent dialer", () => {
  it("tries again at once, and then after ever longer random times, up to 30 seconds", async () => {
    const scene = new Scene();
    const gaps: number[] = [];
    for (let i = 0; i < 12; i++) {
      const { at } = scene.last;
      scene.last.fail();
      await scene.clock.settle();
      await scene.clock.advance(scene.clock.untilNext ?? 0);
      gaps.push(scene.last.at - at);
    }
    expect(gaps).toEqual([0, 125, 250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000]);
    expect(scene.events.slice(0, 4)).toEqual([
      "refused CONNECT_FAILED",
      "failure 1 CONNECT_FAILED, next in 0",
      "refused CONNECT_FAILED",
      "failure 2 CONNECT_FAILED, next in 125",
    ]);
  });

  it("dials again when its connection is lost, and tells when it is back", async () => {
    const scene = new Scene();
    scene.last.succeed();
    await scene.clock.settle();
    scene.last.lose();
    const waiting = scene.dialer.connected();
    await scene.clock.advance(0);
    expect(scene.attempts).toHaveLength(2);
    const again = scene.last.succeed();
    expect((await waiting).unit).toBe(again.unit);
    expect(scene.events).toEqual(["failure 1 DISCONNECTED, next in 0", "restored after 1"]);
  });

  it.each([
    ["begins to wait from the start when the connection has lasted a second", 1000, 0],
    ["goes on waiting longer when it has not: it may be cut each time it is made", 999, 500],
  ])("counts from the start after a success, and %s", async (_what, lasted, wait) => {
    const scene = new Scene();
    for (let i = 0; i < 3; i++) {
      scene.last.fail();
      await scene.clock.settle();
      await scene.clock.advance(scene.clock.untilNext ?? 0);
    }
    scene.last.succeed();
    await scene.clock.advance(lasted);
    scene.last.lose();
    expect(scene.events.slice(-2)).toEqual([
      "restored after 3",
      `failure 1 DISCONNECTED, next in ${wait}`,
    ]);
  });

  it("goes on when the connection is lost before anybody could take it", async () => {
    const scene = new Scene();
    const waiting = scene.dialer.connected();
    scene.last.succeed().connection.open = false;
    expect(await rejection(waiting)).toEqual(isTroupeError("DISCONNECTED"));
    await scene.clock.advance(0);
    expect(scene.attempts).toHaveLength(2);
  });

  it.each(["SELF_CONNECTION", "BAD_ARGUMENT"] as const)(
    "gives up at %s, which no retry can mend",
    async (code) => {
      const scene = new Scene();
      const waiting = scene.dialer.connected();
      scene.last.fail(new TroupeError(code, "hopeless"));
      expect(await rejection(waiting)).toMatchObject({ code });
      await scene.dialer.stopped;
      expect(scene.clock.timers).toBe(0);
    },
  );

  it("goes on at WRONG_KEY, which the other side may mend", async () => {
    const scene = new Scene();
    scene.dialer.connected().catch(() => {});
    scene.last.fail(new TroupeError("WRONG_KEY", "another key"));
    await scene.clock.advance(0);
    expect(scene.attempts).toHaveLength(2);
  });

  it("that nobody waits for any more fails without an unhandled rejection", async () => {
    const scene = new Scene();
    scene.last.fail();
    await scene.clock.advance(10_000);
    expect(scene.attempts.length).toBeGreaterThan(1);
  });
});

describe("a dialer that is not permanent", () => {
  it("stops when its connection is lost", async () => {
    const scene = new Scene(false);
    scene.last.succeed();
    await scene.clock.settle();
    scene.last.lose();
    await scene.dialer.stopped;
    await scene.clock.advance(100_000);
    expect(scene.attempts).toHaveLength(1);
    expect(scene.events).toEqual([]);
  });

  it("may be made permanent later", async () => {
    const scene = new Scene(false);
    scene.last.succeed();
    await scene.clock.settle();
    scene.dialer.makePermanent();
    scene.last.lose();
    await scene.clock.advance(0);
    expect(scene.attempts).toHaveLength(2);
  });
});

describe("a dialer that is stopped", () => {
  const closed = new TroupeError("CLOSED", "the peer is closed");

  it("aborts the attempt that runs, and rejects whoever waits", async () => {
    const scene = new Scene();
    const waiting = scene.dialer.connected();
    scene.dialer.stop(closed);
    expect(scene.last.signal.reason).toBe(closed);
    expect(await rejection(waiting)).toBe(closed);
    scene.last.fail();
    await scene.clock.advance(100_000);
    expect(scene.attempts).toHaveLength(1);
    expect(scene.events).toEqual([]);
  });

  it("cancels its timer while it waits", async () => {
    const scene = new Scene();
    scene.last.fail();
    await scene.clock.settle();
    const waiting = scene.dialer.connected();
    scene.dialer.stop(closed);
    expect(await rejection(waiting)).toBe(closed);
    expect(scene.clock.timers).toBe(0);
    expect(scene.dialer.over).toBe(true);
  });

  it("leaves an open connection as it is, and does not dial when that is lost", async () => {
    const scene = new Scene();
    const { connection } = scene.last.succeed();
    await scene.clock.settle();
    scene.dialer.stop(closed);
    expect(connection.open).toBe(true);
    scene.last.lose();
    await scene.clock.advance(100_000);
    expect(scene.attempts).toHaveLength(1);
  });

  it("ignores an attempt that succeeds too late", async () => {
    const scene = new Scene();
    scene.dialer.connected().catch(() => {});
    scene.dialer.stop(closed);
    scene.last.succeed();
    await scene.clock.settle();
    expect(await rejection(scene.dialer.connected())).toBe(closed);
  });

  it("is so by a signal, with the reason of that as cause", async () => {
    const scene = new Scene();
    const abort = new AbortController();
    scene.dialer.stopBy(abort.signal);
    const waiting = scene.dialer.connected();
    const why = new Error("the user left");
    abort.abort(why);
    const reason = await rejection(waiting);
    expect(reason).toEqual(isTroupeError("CANCELLED", "ws://localhost:9000"));
    expect(reason).toMatchObject({ cause: why });
  });

  it("is so by a signal that has been aborted before", async () => {
    const scene = new Scene();
    scene.dialer.stopBy(AbortSignal.abort());
    expect(await rejection(scene.dialer.connected())).toEqual(isTroupeError("CANCELLED"));
  });
});

describe("one who joins a dialer with a signal", () => {
  it("gets what everybody gets", async () => {
    const scene = new Scene();
    const joined = scene.dialer.connectedUnless(new AbortController().signal);
    const { unit } = scene.last.succeed();
    expect((await joined).unit).toBe(unit);
  });

  it("leaves without taking the address from the others", async () => {
    const scene = new Scene();
    const abort = new AbortController();
    const stays = scene.dialer.connected();
    const leaves = rejection(scene.dialer.connectedUnless(abort.signal));
    abort.abort();
    expect(await leaves).toEqual(isTroupeError("CANCELLED"));
    const { unit } = scene.last.succeed();
    expect((await stays).unit).toBe(unit);
  });

  it("is told when the attempt fails, or when it has left already", async () => {
    const scene = new Scene();
    const early = rejection(scene.dialer.connectedUnless(AbortSignal.abort()));
    const joined = rejection(scene.dialer.connectedUnless(new AbortController().signal));
    scene.last.fail();
    expect(await early).toEqual(isTroupeError("CANCELLED"));
    expect(await joined).toBe(refusal);
  });
});
