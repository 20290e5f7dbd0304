import { describe, expect, test } from "vitest";
import { type ErrorCode, TroupeError } from "../../src/errors.ts";
import { isTroupeError } from "../support/errors.ts";
import { nothingThere, over, Scene, unreachable, wayTo } from "./redial-scene.ts";

describe("redialling", () => {
  test("begins at once", async () => {
    const scene = new Scene(1);
    await scene.start();
    expect([scene.dialled, scene.clock.now()]).toEqual([["1 at 0"], 0]);
  });

  test("tries the next way while the last one takes long, and at once when that has failed", async () => {
    const scene = new Scene(1, 2, 3, 4);
    await scene.start();
    await scene.clock.advance(249);
    expect(scene.dialled).toEqual(["1 at 0"]);
    await scene.clock.advance(11);
    await scene.attempts[0]?.fail();
    await scene.clock.advance(1000);
    expect(scene.dialled).toEqual(["1 at 0", "2 at 250", "3 at 260", "4 at 500"]);
  });

  test("tries each way once before any of them again", async () => {
    const scene = new Scene(1, 2);
    await scene.start();
    for (let i = 0; i < 4; i++) {
      await scene.last.fail();
      await scene.clock.advance(100);
    }
    expect(scene.attempts.map(({ port }) => port)).toEqual([1, 2, 1, 2, 1]);
  });

  test("is over with the first way that leads to the other side", async () => {
    const scene = new Scene(1, 2, 3);
    await scene.start();
    await scene.clock.advance(250);
    await scene.last.succeed();
    expect(scene.attempts[0]?.signal.aborted).toBe(true);
    await scene.clock.advance(10_000);
    expect(scene.dialled).toEqual(["1 at 0", "2 at 250"]);
    expect([scene.clock.timers, scene.connection.closed]).toEqual([0, []]);
  });

  test("waits ever longer between attempts, and never longer than a second", async () => {
    const scene = new Scene(1);
    await scene.start();
    for (let i = 0; i < 10; i++) {
      await scene.last.fail();
      await scene.clock.advance(1000);
    }
    const pauses = scene.attempts.map(({ at }, i) => at - (i === 0 ? 0 : 1000 * (i - 1)));
    expect(pauses).toEqual([0, 10, 20, 40, 80, 160, 320, 500, 500, 500, 500]);
  });

  test("takes the ways that there are at each attempt", async () => {
    const scene = new Scene(1);
    await scene.start();
    scene.ways = [wayTo(7)];
    await scene.last.fail();
    await scene.clock.advance(10);
    expect(scene.last.port).toBe(7);
  });

  test("does nothing where there is no way, until it is asked again", async () => {
    const scene = new Scene();
    await scene.start();
    await scene.clock.advance(10_000);
    expect([scene.attempts, scene.connection.closed, scene.clock.timers]).toEqual([[], [], 0]);
    scene.ways = [wayTo(1)];
    scene.connection.received++;
    await scene.start();
    expect(scene.dialled).toEqual(["1 at 10000"]);
  });

  test("leaves out a way that its user has given up, and none because the peer is leaving", async () => {
    const scene = new Scene();
    const reasons = [
      new TroupeError("CANCELLED", "forget it"),
      new TroupeError("CLOSED", "closing"),
    ];
    scene.ways = reasons.map((reason, i) => wayTo(i + 1, AbortSignal.abort(reason)));
    await scene.start();
    expect(scene.dialled).toEqual(["2 at 0"]);
  });
});

describe("an answer", () => {
  const codes =
    "DISCONNECTED KEY_CHANGED NO_COMMON_KEY NOT_ALLOWED SELF_CONNECTION WRONG_KEY WRONG_PEER";
  const final = codes.split(" ").map((code) => new TroupeError(code as ErrorCode, "no"));
  test.each([...final, nothingThere])(
    "$code by the only way ends the connection",
    async (reason) => {
      const scene = new Scene(1);
      await scene.start();
      await scene.last.fail(reason);
      expect(scene.connection.closed).toEqual([isTroupeError("DISCONNECTED", reason.message)]);
      expect(scene.connection.closed[0]?.cause).toBe(reason);
      await scene.clock.advance(10_000);
      expect([scene.attempts.length, scene.clock.timers]).toEqual([1, 0]);
    },
  );

  test.each<ErrorCode>(["CONNECT_FAILED", "HANDSHAKE_FAILED", "CANCELLED", "LIMIT", "PROTOCOL"])(
    "%s does not",
    async (code) => {
      const scene = new Scene(1);
      await scene.start();
      await scene.last.fail(new TroupeError(code, "not now"));
      await scene.clock.advance(10);
      expect([scene.connection.closed, scene.attempts.length]).toEqual([[], 2]);
    },
  );

  test("that is final ends it only when all ways in one attempt lead to such", async () => {
    const scene = new Scene(1, 2);
    await scene.start();
    await scene.last.fail(over);
    await scene.last.fail(unreachable);
    await scene.clock.advance(10);
    await scene.last.fail(unreachable);
    await scene.last.fail(over);
    expect(scene.connection.closed).toEqual([]);
    await scene.clock.advance(20);
    expect(scene.attempts.length).toBe(5);
    await scene.last.fail(over);
    await scene.last.fail(nothingThere);
    expect(scene.connection.closed).toEqual([isTroupeError("DISCONNECTED", "is gone")]);
  });

  test("that comes after the stop says nothing", async () => {
    const scene = new Scene(1);
    await scene.start();
    const { last } = scene;
    scene.redial.stop();
    await last.fail(over);
    expect(scene.connection.closed).toEqual([]);
  });
});

describe("a channel that is lost again", () => {
  test("is redialled with a pause when it brought nothing, and at once when it did", async () => {
    const scene = new Scene(1);
    for (let i = 0; i < 3; i++) {
      await scene.start();
      await scene.clock.advance(100);
      await scene.last.succeed();
    }
    expect(scene.dialled).toEqual(["1 at 0", "1 at 110", "1 at 220"]);
    scene.connection.received++;
    await scene.start();
    expect(scene.last.at).toBe(300);
  });

  test("while it is redialled is redialled once more, if the connection still waits then", async () => {
    const scene = new Scene(1);
    await scene.start();
    scene.redial.start();
    await scene.last.succeed();
    await scene.clock.advance(10);
    expect(scene.attempts.length).toBe(2);
    scene.redial.start();
    scene.connection.suspended = false;
    await scene.last.succeed();
    await scene.clock.advance(1000);
    expect(scene.attempts.length).toBe(2);
  });
});

describe("the stop", () => {
  test("gives up what is under way", async () => {
    const scene = new Scene(1, 2);
    await scene.start();
    await scene.clock.advance(250);
    scene.redial.stop();
    await scene.clock.advance(10_000);
    expect(scene.attempts.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect([scene.attempts.length, scene.clock.timers]).toEqual([2, 0]);
  });

  test("ends a pause", async () => {
    const scene = new Scene(1);
    await scene.start();
    await scene.last.fail();
    scene.redial.stop();
    await scene.clock.settle();
    expect(scene.clock.timers).toBe(0);
    await scene.clock.advance(10_000);
    expect(scene.attempts.length).toBe(1);
  });

  test("forgets that it was asked once more", async () => {
    const scene = new Scene(1);
    await scene.start();
    scene.redial.start();
    scene.redial.stop();
    await scene.clock.advance(10_000);
    expect(scene.attempts.length).toBe(1);
  });
});

describe("what the other side was asked", () => {
  test("counts for a second, or until there is an answer", async () => {
    const scene = new Scene(1);
    await scene.start();
    expect(scene.redial.committed).toBe(false);
    scene.last.commit();
    expect(scene.redial.committed).toBe(true);
    await scene.clock.advance(999);
    expect(scene.redial.committed).toBe(true);
    await scene.clock.advance(1);
    expect(scene.redial.committed).toBe(false);
    await scene.last.fail();
    await scene.clock.advance(10);
    scene.last.commit();
    await scene.last.fail();
    expect(scene.redial.committed).toBe(false);
  });

  test("counts on when an attempt fails that has not asked", async () => {
    const scene = new Scene(1, 2);
    await scene.start();
    await scene.clock.advance(250);
    scene.attempts[0]?.commit();
    await scene.last.fail();
    expect(scene.redial.committed).toBe(true);
  });
});
