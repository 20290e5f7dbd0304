import { describe, expect, test } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { isTroupeError } from "../support/errors.ts";
import { helloWith, NAMED, Speaker } from "./resume-speaker.ts";
import { GRACE, heldByAll, Mate, Mates, Wire } from "./resume-support.ts";
import { Use } from "./streams-support.ts";

const closed = new TroupeError("CLOSED", "done");

/** Both sides have ended and left nothing. */
function expectNothingLeft({ clock, both }: Mates): void {
  expect(both.map(({ connection }) => [connection.open, connection.suspended])).toEqual([
    [false, false],
    [false, false],
  ]);
  clock.tick(60_000);
  expect(clock.timers).toBe(0);
}

describe("a connection that has lost its channel", () => {
  test("ends on both sides when nobody has dialled within the grace", () => {
    const before = heldByAll();
    const mates = new Mates();
    for (const mate of mates.both) mate.say("x".repeat(5000));
    mates.cut();
    mates.clock.tick(GRACE - 1);
    expect(mates.both.map(({ owner }) => owner.reason)).toEqual([undefined, undefined]);
    mates.clock.tick(1);
    for (const { owner } of mates.both) {
      const what = `not resumed within ${GRACE} ms: the connection ended`;
      expect(owner.reason).toEqual(isTroupeError("DISCONNECTED", what));
      expect(owner.events.filter((event) => /closed|gone/.test(event)).length).toBe(2);
    }
    expect(heldByAll()).toBe(before);
    expectNothingLeft(mates);
  });

  test("settles what waits for its answer: what had left is unknown, what had not was not delivered", () => {
    const mates = new Mates();
    const sent = mates.dialer.ask("sent");
    mates.clock.flush();
    const lost = mates.dialer.ask("lost on the way");
    mates.wire.stall();
    mates.clock.flush();
    mates.cut();
    mates.wire.flow();
    const meanwhile = mates.dialer.ask("meanwhile");
    mates.clock.tick(1);
    const last = mates.dialer.ask("in a tick that does not end");
    mates.clock.tick(GRACE);
    const late = (): unknown => mates.dialer.ask("late");
    expect(sent.outcomes).toEqual([isTroupeError("OUTCOME_UNKNOWN", "not resumed within")]);
    expect(lost.outcomes).toEqual([isTroupeError("OUTCOME_UNKNOWN")]);
    expect(meanwhile.outcomes).toEqual([isTroupeError("NOT_DELIVERED", "not resumed within")]);
    expect(last.outcomes).toEqual([isTroupeError("NOT_DELIVERED")]);
    expect(late).toThrow(isTroupeError("NOT_DELIVERED"));
  });

  test("settles what it asked meanwhile as unknown once it has gone on and lost its channel again", () => {
    const mates = new Mates();
    mates.cut();
    const call = mates.dialer.ask();
    mates.redial();
    mates.cut();
    const second = mates.dialer.ask();
    mates.clock.tick(GRACE);
    expect(call.outcomes).toEqual([isTroupeError("OUTCOME_UNKNOWN")]);
    expect(second.outcomes).toEqual([isTroupeError("NOT_DELIVERED")]);
  });

  test("ends its streams", () => {
    const mates = new Mates();
    const [from, to] = [new Use(), new Use()];
    mates.dialer.stream("duplex", from);
    mates.clock.flush();
    mates.responder.take(to);
    mates.clock.flush();
    mates.cut();
    expect([from.errors, to.errors]).toEqual([[], []]);
    mates.clock.tick(GRACE);
    expect(from.errors).toEqual([isTroupeError("DISCONNECTED", "not resumed within")]);
    expect(to.errors).toEqual([isTroupeError("DISCONNECTED", "not resumed within")]);
  });

  test("waits once for the grace, however often its dialer is let down", () => {
    const mates = new Mates();
    mates.cut();
    for (let i = 0; i < 4; i++) {
      mates.clock.tick(GRACE / 5);
      const wire = mates.dial(mates.dialer, true);
      // As far as the last step of the handshake.
      while (mates.dialer.later[i]?.events.length === 0) wire.deliver();
      mates.cut();
      wire.flow();
      mates.clock.flush();
      expect(mates.dialer.connection.suspended).toBe(true);
    }
    mates.clock.tick(GRACE / 5 - 1);
    expect(mates.dialer.owner.reason).toBeUndefined();
    mates.clock.tick(1);
    expect(mates.dialer.owner.reason).toEqual(isTroupeError("DISCONNECTED"));
  });

  test("waits for the grace anew when it has gone on in between", () => {
    const mates = new Mates();
    for (let i = 0; i < 3; i++) {
      mates.cut();
      mates.clock.tick(GRACE - 1);
      mates.redial();
    }
    expect(mates.both.map(({ connection }) => connection.open)).toEqual([true, true]);
  });

  test("does not go on by a channel that comes too late", () => {
    const mates = new Mates();
    mates.cut();
    const wire = mates.dial(mates.dialer, true);
    for (let i = 0; i < 3; i++) wire.deliver();
    mates.clock.tick(GRACE);
    wire.flow();
    mates.clock.flush();
    expect(mates.dialer.later[0]?.events.at(-1)).toBe("gone");
    expectNothingLeft(mates);
  });

  test.each([
    [1000, 5000],
    [5000, 1000],
  ])("waits for the shorter time of the two sides: %i and %i ms", (one, other) => {
    const mates = new Mates({ timeouts: { resume: one } }, { timeouts: { resume: other } });
    mates.cut();
    mates.clock.tick(999);
    expect(mates.both.map(({ connection }) => connection.open)).toEqual([true, true]);
    mates.clock.tick(1);
    expectNothingLeft(mates);
  });

  test.each([
    [0, GRACE],
    [GRACE, 0],
    [0, 0],
  ])("ends with it where one side wants no other: %i and %i ms", (one, other) => {
    const before = heldByAll();
    const mates = new Mates({ timeouts: { resume: one } }, { timeouts: { resume: other } });
    for (const mate of mates.both) mate.say("x".repeat(5000));
    const call = mates.dialer.ask();
    mates.clock.flush();
    expect(heldByAll()).toBe(before);
    expect(mates.dialer.connection.resumption).toBeUndefined();
    mates.cut();
    expect(call.outcomes).toEqual([isTroupeError("OUTCOME_UNKNOWN")]);
    for (const { owner } of mates.both) {
      expect(owner.events).not.toContain("suspended");
      expect(owner.reason).toEqual(isTroupeError("DISCONNECTED", "the connection ended"));
    }
    expectNothingLeft(mates);
  });
});

describe("a connection that is closed while it has no channel", () => {
  test.each(["close", "abort"] as const)("is over at once on the side that wants it: %s", (how) => {
    const before = heldByAll();
    const mates = new Mates();
    const [call, other] = [mates.dialer.ask(), mates.responder.ask()];
    mates.clock.flush();
    mates.cut();
    mates.dialer.connection[how](closed);
    expect(mates.dialer.owner.reason).toBe(closed);
    expect(call.outcomes).toEqual([closed]);
    expect(() => mates.dialer.say(1)).toThrow(closed);
    expect(mates.responder.connection.suspended).toBe(true);
    mates.redial(mates.responder);
    expect(mates.responder.later[0]?.events).toEqual(["failed", "gone"]);
    expect(mates.responder.later[0]?.failure).toEqual(isTroupeError("DISCONNECTED"));
    mates.clock.tick(GRACE);
    expect(other.outcomes).toEqual([isTroupeError("OUTCOME_UNKNOWN")]);
    expect(heldByAll()).toBe(before);
    expectNothingLeft(mates);
  });

  test("is over on the other side, too, when that dials, is refused, and gives up", () => {
    const mates = new Mates();
    mates.cut();
    mates.responder.connection.close(closed);
    mates.redial();
    const failure = mates.dialer.later[0]?.failure ?? closed;
    expect(failure).toEqual(isTroupeError("DISCONNECTED", "is over"));
    mates.dialer.connection.abort(failure);
    expectNothingLeft(mates);
  });

  test("is over at once where its dialer has waited for the other side's word only", () => {
    const mates = new Mates();
    mates.cut();
    const wire = mates.dial(mates.dialer, true);
    while (mates.dialer.later[0]?.events.length === 0) wire.deliver();
    mates.dialer.connection.close(closed);
    expect(mates.dialer.owner.reason).toBe(closed);
    wire.flow();
    mates.clock.tick(GRACE);
    expectNothingLeft(mates);
  });
});

test("a channel that is lost between HELLO and ROLES is a connection that never was", () => {
  const clock = new Mates().clock;
  const [mate, speaker, wire] = [new Mate(clock, "dialer"), new Speaker(), new Wire(clock)];
  speaker.meet(wire.far, "responder");
  mate.meet(wire.near, "dialer");
  clock.flush();
  speaker.say(helloWith({ time: GRACE, name: NAMED }));
  clock.flush();
  wire.cut();
  clock.flush();
  expect(mate.owner.events).toEqual(["failed", "gone"]);
});
