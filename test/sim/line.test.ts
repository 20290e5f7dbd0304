import { describe, expect, test } from "vitest";
import type { Clock } from "../../src/async/clock.ts";
import type { ChannelLimits } from "../../src/channel/channel.ts";
import { channelContract } from "../channel/contract.ts";
import { bytes, Recorder } from "../channel/recorder.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Line } from "./line.ts";

/** Time that does not pass: all that is due is due in the next turn of the event loop. */
const hasty: Clock = {
  now: () => 0,
  after: (ms, run) => {
    const handle = ms > 0 ? undefined : setImmediate(run);
    return { cancel: () => clearImmediate(handle) };
  },
  soon: (run) => void setImmediate(run),
};

function lineOf(
  clock: Clock,
  limits: ChannelLimits,
  delay: () => number,
  rate: number = Number.POSITIVE_INFINITY,
): Line {
  return new Line({
    clock,
    number: 1,
    names: ["ann", "bob"],
    limits: [limits, limits],
    delay,
    rate,
    told: () => {},
  });
}

channelContract("simulated", async (limits) => {
  const { dialer, listener } = lineOf(hasty, limits, () => 0);
  return { near: dialer, far: listener, dispose: async () => {} };
});

const NO_LIMITS: ChannelLimits = {
  handshakeBytes: Number.POSITIVE_INFINITY,
  messageBytes: Number.POSITIVE_INFINITY,
  highWater: Number.POSITIVE_INFINITY,
};

describe("a simulated line", () => {
  function scene(delay: () => number): {
    clock: VirtualClock;
    line: Line;
    near: Recorder;
    far: Recorder;
  } {
    const clock = new VirtualClock();
    const line = lineOf(clock, NO_LIMITS, delay);
    const [near, far] = [new Recorder(), new Recorder()];
    line.dialer.start(near);
    line.listener.start(far);
    return { clock, line, near, far };
  }

  test("delays each message, and lets none overtake another", () => {
    const delays = [30, 10, 50];
    const { clock, line, far } = scene(() => delays.shift() ?? 0);
    for (const text of ["a", "b", "c"]) line.dialer.send(bytes(text));
    clock.tick(29);
    expect(far.texts).toEqual([]);
    clock.tick(1);
    expect(far.texts).toEqual(["a", "b"]);
    clock.tick(20);
    expect(far.texts).toEqual(["a", "b", "c"]);
  });

  test("takes its time for each byte", () => {
    const clock = new VirtualClock();
    const line = lineOf(clock, NO_LIMITS, () => 10, 100);
    const far = new Recorder();
    line.listener.start(far);
    line.dialer.send(new Uint8Array(1000));
    line.dialer.send(new Uint8Array(500));
    clock.tick(20);
    expect([far.messages.length, line.dialer.buffered]).toEqual([1, 500]);
    clock.tick(5);
    expect([far.messages.length, line.dialer.buffered]).toEqual([2, 0]);
  });

  test("that is cut still delivers as much as it is told, and both ends hear of it once", () => {
    const { clock, line, near, far } = scene(() => 10);
    for (const text of ["a", "b", "c"]) line.dialer.send(bytes(text));
    line.cut(() => 1);
    line.dialer.send(bytes("d"));
    clock.tick(10);
    expect(far.texts).toEqual(["a"]);
    expect([near.ends, far.ends].map((ends) => ends.map(({ clean }) => clean))).toEqual([
      [false],
      [false],
    ]);
    expect(line.over).toBe(true);
  });

  test("holds up one direction while that is a black hole, and loses nothing by it", () => {
    const { clock, line, near, far } = scene(() => 10);
    line.dialer.hole(true);
    line.dialer.send(bytes("held"));
    line.listener.send(bytes("free"));
    clock.tick(1000);
    expect([near.texts, far.texts]).toEqual([["free"], []]);
    line.dialer.hole(false);
    clock.tick(10);
    expect(far.texts).toEqual(["held"]);
  });

  test("whose one process dies is deaf there, and cut at the other end", () => {
    const { clock, line, near, far } = scene(() => 10);
    line.listener.send(bytes("to the living"));
    line.dialer.send(bytes("to the dead"));
    line.listener.die();
    clock.tick(20);
    expect([near.texts, near.ends.length]).toEqual([["to the living"], 1]);
    expect([far.texts, far.ends.length]).toEqual([[], 0]);
  });

  test("whose one machine vanishes tells the other end nothing", () => {
    const { clock, line, near, far } = scene(() => 10);
    line.listener.send(bytes("on its way"));
    line.dialer.send(bytes("to nobody"));
    line.listener.vanish();
    clock.tick(100_000);
    expect([near.texts, near.ends, far.texts, far.ends]).toEqual([[], [], [], []]);
    line.dialer.abort();
    clock.tick(10);
    expect([near.ends.length, line.over]).toEqual([1, true]);
  });

  test("tells when all that is on its way has been heard", () => {
    const { clock, line, far } = scene(() => 10);
    const heard: (readonly string[])[] = [];
    const note = (): void => void heard.push([...far.texts]);
    line.dialer.send(bytes("a"));
    line.dialer.behind(note);
    line.dialer.send(bytes("b"));
    clock.tick(9);
    expect(heard).toEqual([]);
    clock.tick(1);
    expect(heard).toEqual([["a"]]);
    line.dialer.behind(note);
    clock.tick(0);
    expect(heard).toEqual([["a"], ["a", "b"]]);
  });

  test("never tells it of what is lost", () => {
    const { clock, line } = scene(() => 10);
    line.dialer.send(bytes("a"));
    line.dialer.behind(() => expect.fail("told"));
    line.cut(() => 1);
    line.dialer.behind(() => expect.fail("told of a line that is over"));
    clock.tick(100);
    expect(line.over).toBe(true);
  });

  test("is cut when a goodbye gets no answer within a second", () => {
    const { clock, line, near } = scene(() => 10);
    line.dialer.hole(true);
    line.dialer.close();
    clock.tick(999);
    expect(near.ends).toEqual([]);
    clock.tick(1);
    expect(near.ends).toMatchObject([{ clean: false }]);
  });
});
