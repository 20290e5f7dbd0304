import { describe, expect, test } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import type { Frame } from "../frame/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { Company } from "./resume-speaker.ts";
import { GRACE, heldByAll, type Mate, Mates } from "./resume-support.ts";
import { FIRST, KIB, opens, Use, zeros } from "./streams-support.ts";

const MIB = 1024 * KIB;

/** Says so much, in records of about 16 KiB, as long as it may. */
function sayMany({ clock }: Mates, mate: Mate, bytes: number): number {
  let said = 0;
  while (said < bytes && mate.connection.open) {
    mate.say(zeros(16 * KIB));
    said += 16 * KIB;
    clock.flush();
  }
  return said;
}

describe("while it has no channel, a connection", () => {
  test("is congested by what waits, and refuses calls beyond its sendBuffer, until it goes on", () => {
    const mates = new Mates({ limits: { sendBuffer: 256 * KIB } });
    mates.cut();
    const { connection, owner } = mates.dialer;
    sayMany(mates, mates.dialer, 48 * KIB);
    expect(connection.congested).toBe(false);
    sayMany(mates, mates.dialer, 32 * KIB);
    expect([connection.congested, connection.buffered > 80 * KIB]).toEqual([true, true]);
    sayMany(mates, mates.dialer, 176 * KIB);
    expect(() => mates.dialer.say("one more")).toThrow(isTroupeError("OVERLOADED"));
    expect(() => mates.dialer.ask()).toThrow(isTroupeError("OVERLOADED"));
    expect(mates.responder.owner.messages).toEqual([]);
    mates.redial();
    expect(mates.responder.owner.messages.length).toBe(16);
    expect([connection.congested, connection.buffered, owner.events.at(-1)]).toEqual([
      false,
      0,
      "drained",
    ]);
    mates.dialer.say("again");
    mates.clock.flush();
    expect(mates.responder.owner.messages.at(-1)).toBe("again");
  });

  test("lets its streams wait, and refuses nothing because of them", () => {
    const mates = new Mates({ limits: { sendBuffer: 256 * KIB } });
    const [from, to] = [new Use(), new Use(true)];
    const end = mates.dialer.stream("writable", from);
    mates.clock.flush();
    mates.responder.take(to);
    to.end.demand();
    mates.clock.flush();
    mates.cut();
    end.write(zeros(4 * MIB));
    mates.clock.flush();
    mates.dialer.say("in between");
    expect(mates.dialer.connection.buffered).toBeLessThan(256 * KIB);
    mates.redial();
    expect([to.count, mates.responder.owner.messages]).toEqual([4 * MIB, ["in between"]]);
  });

  test("ends when more waits than all may hold, as there would be a gap", () => {
    const held = heldByAll();
    const mates = new Mates({ limits: { resendBuffer: held + 40 * KIB } });
    const call = mates.dialer.ask("sent");
    mates.clock.flush();
    mates.cut();
    mates.dialer.say(zeros(16 * KIB));
    mates.clock.flush();
    expect(mates.dialer.connection.open).toBe(true);
    mates.dialer.say(zeros(30 * KIB));
    const second = mates.dialer.ask("not sent");
    mates.clock.flush();
    expect(mates.dialer.owner.reason).toEqual(isTroupeError("DISCONNECTED", "limits.resendBuffer"));
    expect(call.outcomes).toEqual([isTroupeError("OUTCOME_UNKNOWN")]);
    expect(second.outcomes).toEqual([isTroupeError("NOT_DELIVERED")]);
    mates.responder.connection.abort(new TroupeError("CLOSED", "done"));
    expect(heldByAll()).toBe(held);
  });

  test("ends when answers that nobody can read are too many", () => {
    const mates = new Mates({ limits: { sendBuffer: 128 * KIB } });
    const calls = Array.from({ length: 40 }, () => mates.dialer.ask());
    mates.clock.flush();
    mates.cut();
    for (const request of mates.responder.owner.requests) {
      request.answer(encodePayload(zeros(16 * KIB)));
      mates.clock.flush();
    }
    expect(mates.responder.owner.reason).toEqual(isTroupeError("LIMIT", "unread"));
    mates.clock.tick(GRACE);
    for (const { outcomes } of calls) expect(outcomes).toEqual([isTroupeError("OUTCOME_UNKNOWN")]);
  });
});

describe("while it has its channel, a connection", () => {
  test("that has sent more than all may hold goes on all the same", () => {
    const held = heldByAll();
    const mates = new Mates({ limits: { resendBuffer: held + 40 * KIB } });
    sayMany(mates, mates.dialer, MIB);
    expect(mates.responder.owner.messages.length).toBe(64);
    expect(heldByAll()).toBeLessThanOrEqual(held + 40 * KIB);
  });

  test("that has lost it then goes on if all has come that is not held any more", () => {
    const mates = new Mates({ limits: { resendBuffer: heldByAll() + 40 * KIB } });
    sayMany(mates, mates.dialer, MIB);
    mates.cut();
    mates.dialer.say("last");
    mates.redial();
    expect(mates.responder.owner.messages.length).toBe(65);
    expect(mates.responder.owner.messages.at(-1)).toBe("last");
  });

  test.each(["dialer", "responder"] as const)(
    "that has lost it ends if something is lost that is not held any more: the %s's",
    (which) => {
      const mates = new Mates({ limits: { resendBuffer: heldByAll() + 40 * KIB } });
      const mate = mates[which];
      const other = which === "dialer" ? mates.responder : mates.dialer;
      const call = mate.ask("before");
      mates.clock.flush();
      mates.wire.stall();
      sayMany(mates, mate, 80 * KIB);
      mates.cut();
      mates.wire.flow();
      mates.clock.flush();
      mates.redial();
      expect(mate.owner.reason).toEqual(isTroupeError("DISCONNECTED", "cannot be resumed"));
      expect(call.outcomes).toEqual([isTroupeError("OUTCOME_UNKNOWN")]);
      expect(other.owner.messages).toEqual([]);
      // The other one is told when it dials again, or its grace is over.
      expect(other.connection.suspended).toBe(true);
      mates.clock.tick(GRACE);
      expect(other.owner.reason).toEqual(isTroupeError("DISCONNECTED"));
    },
  );

  /** It has so small a sendBuffer that what is not acknowledged is bounded by 1 MiB; says so many of 16 KiB. */
  function small(): { company: Company; say: (count: number) => void; drained: () => number } {
    const company = new Company("dialer", { limits: { sendBuffer: 64 * KIB } });
    const say = (count: number): void => {
      for (let i = 0; i < count; i++) {
        company.mate.say(zeros(16 * KIB));
        company.clock.flush();
      }
    };
    const { events } = company.mate.owner;
    return { company, say, drained: () => events.filter((event) => event === "drained").length };
  }

  test("holds 1 MiB for sending again, however small its sendBuffer is, and is congested by half of it", () => {
    const { company, say, drained } = small();
    const held = heldByAll();
    const { connection } = company.mate;
    say(28);
    expect(connection.congested).toBe(false);
    say(8);
    expect([connection.congested, connection.buffered]).toEqual([true, 0]);
    say(64);
    expect(heldByAll()).toBeLessThanOrEqual(held + MIB);
    const before = drained();
    company.speaker.say(["ack", 90]);
    company.clock.flush();
    expect([connection.congested, drained()]).toEqual([false, before + 1]);
  });

  test("is not congested any more when all that it held had come before the loss", () => {
    const { company, say, drained } = small();
    say(40);
    expect(company.mate.connection.congested).toBe(true);
    company.cut();
    company.redial();
    const before = drained();
    company.speaker.say(["resume", 41]);
    company.clock.flush();
    expect([company.mate.connection.congested, drained()]).toEqual([false, before + 1]);
  });

  test("of a small sendBuffer lets no stream halt until heartbeats", () => {
    const mates = new Mates({ limits: { sendBuffer: 128 * KIB } });
    const to = new Use(true);
    const end = mates.dialer.stream("writable", new Use());
    mates.clock.flush();
    mates.responder.take(to);
    to.end.demand();
    mates.clock.flush();
    end.write(zeros(4 * MIB));
    mates.clock.tick(1000);
    expect(to.count).toBe(4 * MIB);
  });

  test("is told in time of what has come, so that little is held under load in one direction", () => {
    const mates = new Mates();
    const before = heldByAll();
    let most = 0;
    for (let i = 0; i < 1000; i++) {
      mates.dialer.say(zeros(4 * KIB));
      mates.clock.flush();
      most = Math.max(most, heldByAll() - before);
    }
    // 256 KiB are acknowledged at the latest.
    expect(most).toBeLessThan(300 * KIB);
    expect(mates.clock.now()).toBe(0);
  });
});

test("the window of a stream grows on when its measuring was lost with the channel", () => {
  const company = new Company("responder");
  const { clock, speaker, mate } = company;
  const say = (...frames: readonly Frame[]): void => {
    speaker.say(...frames);
    clock.flush();
  };
  const data = (length: number): Frame => ["data", 0, zeros(length)];
  const probes = (): number[] =>
    speaker.heard.frames.flatMap(([kind, nonce]) => (kind === "ping" ? [nonce] : []));
  const credits = (): number[] =>
    speaker.heard.frames.flatMap((frame) => (frame[0] === "credit" ? [frame[2]] : []));
  say(opens(0, 2));
  const use = new Use(true);
  mate.take(use);
  use.end.demand();
  clock.flush();
  say(data(FIRST / 2));
  expect(probes().length).toBe(1);
  company.cut();
  // HELLO and ROLES in one record, ACCEPT in the next, CREDIT in the last.
  company.redial(company.resumption(3));
  clock.tick(100);
  const before = probes().length;
  say(data(FIRST / 2));
  const probe = probes().at(-1) ?? 0;
  expect(probes().length).toBe(before + 1);
  clock.tick(40);
  say(["pong", probe]);
  say(data(FIRST / 2));
  clock.tick(50);
  say(data(FIRST / 2));
  expect(credits().at(-1)).toBe(FIRST / 2 + FIRST);
});
