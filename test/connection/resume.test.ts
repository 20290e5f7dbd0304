import { describe, expect, test } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { isTroupeError } from "../support/errors.ts";
import { GRACE, heldByAll, type Mate, Mates } from "./resume-support.ts";
import { Use, zeros } from "./streams-support.ts";
import { NAME } from "./support.ts";

/** What happened to a connection, calls left out. */
const lifeOf = ({ owner }: Mate): string =>
  owner.events.filter((event) => /opened|suspended|resumed|closed/.test(event)).join(" ");

describe("a connection that loses its channel", () => {
  test("is suspended on both sides, and goes on when its dialer dials again", () => {
    const mates = new Mates();
    const call = mates.dialer.ask("before");
    mates.clock.flush();
    mates.cut();
    for (const { connection } of mates.both) {
      expect([connection.suspended, connection.open]).toEqual([true, true]);
    }
    mates.responder.owner.requests[0]?.answer(encodePayload("answer"));
    mates.dialer.say("meanwhile");
    mates.clock.tick(GRACE - 1);
    expect([call.outcomes, mates.responder.owner.messages]).toEqual([[], []]);
    mates.redial();
    for (const mate of mates.both) {
      expect([mate.connection.suspended, lifeOf(mate)]).toEqual([
        false,
        "opened suspended resumed",
      ]);
    }
    expect([call.outcomes, mates.responder.owner.messages]).toEqual([["answer"], ["meanwhile"]]);
  });

  test("tells who brought the channel that it has joined, and that it is closed in the end", () => {
    const mates = new Mates();
    mates.cut();
    mates.redial();
    for (const { later } of mates.both)
      expect(later.map(({ events }) => events)).toEqual([["joined"]]);
    mates.dialer.connection.close(new TroupeError("CLOSED", "done"));
    mates.clock.flush();
    for (const { owner } of mates.both) {
      // Once for each channel.
      expect(owner.events.filter((event) => event === "gone").length).toBe(2);
    }
  });

  test("goes on when its responder dials, too", () => {
    const mates = new Mates();
    mates.dialer.say(1);
    mates.clock.flush();
    mates.cut();
    mates.dialer.say(2);
    mates.responder.say(3);
    mates.redial(mates.responder);
    expect(mates.responder.owner.messages).toEqual([1, 2]);
    expect(mates.dialer.owner.messages).toEqual([3]);
    expect(mates.both.map(({ connection }) => connection.dialed)).toEqual([true, false]);
  });

  test("goes on where its responder has noticed nothing yet", () => {
    const mates = new Mates();
    mates.wire.stall();
    mates.wire.cut();
    mates.wire.deliver(1);
    mates.clock.flush();
    expect(mates.both.map(({ connection }) => connection.suspended)).toEqual([true, false]);
    mates.dialer.say("still there?");
    mates.redial();
    expect(mates.responder.owner.messages).toEqual(["still there?"]);
    expect(lifeOf(mates.responder)).toBe("opened resumed");
  });

  test("goes on any number of times", () => {
    const mates = new Mates();
    const expected: number[] = [];
    for (let i = 0; i < 30; i++) {
      expected.push(i);
      for (const mate of mates.both) mate.say(i);
      if (i % 2 === 0) mates.clock.flush();
      mates.cut();
      mates.redial();
    }
    for (const { owner } of mates.both) expect(owner.messages).toEqual(expected);
  });

  test("measures its round-trip time and beats on by the new channel", () => {
    const mates = new Mates({ timeouts: { heartbeat: 1000 } });
    mates.cut();
    mates.clock.tick(500);
    mates.redial();
    mates.clock.tick(10_000);
    expect(lifeOf(mates.dialer)).toBe("opened suspended resumed");
    expect(mates.dialer.connection.rtt).toBeDefined();
    mates.wire.stall();
    mates.clock.tick(2000);
    expect(mates.dialer.connection.suspended).toBe(true);
  });

  test("does not take the silence of the last channel for that of the new one", () => {
    const mates = new Mates({ timeouts: { heartbeat: 1000 } });
    mates.clock.tick(999);
    mates.wire.stall();
    // Both ask whether the other one is there, and hear nothing.
    mates.clock.tick(1);
    mates.cut();
    mates.wire.flow();
    mates.clock.tick(600);
    mates.redial();
    mates.clock.tick(5000);
    for (const mate of mates.both) expect(lifeOf(mate)).toBe("opened suspended resumed");
  });

  test("does not beat while it has no channel", () => {
    const mates = new Mates({ timeouts: { heartbeat: 1000 } });
    mates.cut();
    mates.clock.tick(GRACE - 1);
    mates.redial();
    expect(lifeOf(mates.dialer)).toBe("opened suspended resumed");
  });

  test("holds nothing at rest, nor at its end", () => {
    const before = heldByAll();
    const mates = new Mates({ timeouts: { heartbeat: 1000 } });
    for (const mate of mates.both) for (let i = 0; i < 100; i++) mate.say("x".repeat(1000));
    mates.clock.flush();
    mates.clock.tick(2000);
    expect(heldByAll()).toBe(before);
    mates.cut();
    for (const mate of mates.both) mate.say("x".repeat(1000));
    mates.clock.flush();
    expect(heldByAll()).toBeGreaterThan(before + 2000);
    mates.redial();
    mates.clock.tick(2000);
    expect(heldByAll()).toBe(before);
    mates.dialer.say("x".repeat(1000));
    for (const { connection } of mates.both) connection.abort(new TroupeError("CLOSED", "done"));
    mates.clock.tick(60_000);
    expect([heldByAll(), mates.clock.timers]).toEqual([before, 0]);
  });
});

describe("what goes on over a cut", () => {
  test("is a cancel: who serves the request hears of it", () => {
    const mates = new Mates();
    const call = mates.dialer.ask();
    mates.clock.flush();
    const signal = mates.responder.owner.requests[0]?.signal;
    mates.cut();
    mates.dialer.connection.cancel(call);
    expect(signal?.aborted).toBe(false);
    mates.redial();
    expect([signal?.aborted, mates.dialer.connection.load, call.outcomes]).toEqual([true, 0, []]);
  });

  test("is a request asked and cancelled meanwhile: neither side has it any more", () => {
    const mates = new Mates();
    mates.cut();
    mates.dialer.connection.cancel(mates.dialer.ask());
    mates.redial();
    expect(mates.both.map(({ connection }) => connection.load)).toEqual([0, 0]);
  });

  test("is a drain, that becomes known once the other side has heard it", () => {
    const mates = new Mates();
    const { connection, owner } = mates.dialer;
    mates.wire.stall();
    connection.drain();
    mates.clock.flush();
    mates.cut();
    mates.wire.flow();
    mates.clock.flush();
    expect([connection.drainKnown, mates.responder.owner.events.includes("draining")]).toEqual([
      false,
      false,
    ]);
    mates.redial();
    expect([connection.drainKnown, owner.events.at(-1)]).toEqual([true, "idle"]);
    expect(mates.responder.owner.events.filter((event) => event === "draining").length).toBe(1);
  });

  test("is a drain of which only the answer was lost", () => {
    const mates = new Mates();
    mates.wire.stall();
    mates.dialer.connection.drain();
    mates.clock.flush();
    mates.wire.deliver();
    mates.clock.flush();
    expect(mates.responder.owner.events).toContain("draining");
    mates.cut();
    mates.wire.flow();
    mates.clock.flush();
    expect(mates.dialer.connection.drainKnown).toBe(false);
    mates.redial();
    expect(mates.dialer.connection.drainKnown).toBe(true);
    expect(mates.responder.owner.events.filter((event) => event === "draining").length).toBe(1);
  });

  test("are roles that have changed", () => {
    const mates = new Mates();
    mates.cut();
    const list = { number: 9, roles: [{ name: "greeter", active: false, version: "" }] };
    mates.dialer.connection.announce(list, false);
    mates.redial();
    expect(mates.responder.owner.roleLists.at(-1)).toEqual(list);
  });

  test("is a stream of which both ends wait", () => {
    const mates = new Mates();
    const [from, to] = [new Use(), new Use()];
    const end = mates.dialer.stream("writable", from);
    mates.clock.flush();
    mates.responder.take(to);
    to.end.demand();
    end.write(zeros(1_000_000));
    end.end();
    mates.clock.flush();
    mates.cut();
    for (let unread = to.count; unread > 0; ) {
      to.end.read(unread);
      const before = to.count;
      mates.clock.flush();
      mates.redial();
      mates.cut();
      unread = to.count - before;
    }
    mates.redial();
    expect([to.count, to.events.at(-1), from.events.at(-1)]).toEqual([
      1_000_000,
      "ended",
      "flushed",
    ]);
    expect(mates.both.map(({ connection }) => connection.load)).toEqual([0, 0]);
  });

  test("is what who is told of the next channel says, behind all that was said before", () => {
    const mates = new Mates();
    mates.cut();
    mates.dialer.say("before");
    const { owner } = mates.dialer;
    const { onResumed } = owner;
    owner.onResumed = () => {
      onResumed();
      mates.dialer.say("after");
    };
    mates.redial();
    expect(mates.responder.owner.messages).toEqual(["before", "after"]);
  });

  test("is an end that who is told of the next channel wants", () => {
    const mates = new Mates();
    mates.cut();
    const { owner, connection } = mates.dialer;
    owner.onResumed = () => connection.close(new TroupeError("CLOSED", "enough"));
    mates.redial();
    expect(owner.reason).toEqual(isTroupeError("CLOSED", "enough"));
    expect(mates.responder.owner.reason).toEqual(isTroupeError("DISCONNECTED", "enough"));
    mates.clock.tick(60_000);
    expect(mates.clock.timers).toBe(0);
  });
});

test("both sides count alike where a call was refused in the tick of an answer to a heartbeat", () => {
  const mates = new Mates();
  const { connection, owner } = mates.dialer;
  const refused = (): void =>
    connection.send(NAME, { key: "x".repeat(100_000) }, encodePayload(null));
  owner.onWork = () => expect(refused).toThrow(isTroupeError("BAD_ARGUMENT"));
  // DRAIN and PING, and a message behind them, in one record.
  mates.responder.connection.drain();
  mates.responder.say(null);
  mates.clock.flush();
  expect(owner.messages).toEqual([null]);
  owner.onWork = () => {};
  mates.dialer.say("first");
  mates.clock.flush();
  mates.cut();
  mates.redial();
  mates.dialer.say("second");
  mates.clock.flush();
  expect(mates.responder.owner.messages).toEqual(["first", "second"]);
});
