import { describe, expect, test } from "vitest";
import { openConnection } from "../../src/connection/open.ts";
import type { TroupeError } from "../../src/errors.ts";
import { decodePayload, encodePayload } from "../../src/frame/payload.ts";
import type { Frame } from "../frame/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Company, helloWith, NAMED, Speaker } from "./resume-speaker.ts";
import { credentialsOf, GRACE, heldByAll, Wire } from "./resume-support.ts";
import { configOf, NAME, Owner, roles } from "./support.ts";

const message = (data: unknown): Frame => ["message", NAME, undefined, encodePayload(data)];

/** HELLO and ROLES: what our side has sent in one record before anything else. */
const INTRODUCED = 1;

function say({ speaker, clock }: Company, ...frames: readonly Frame[]): void {
  speaker.say(...frames);
  clock.flush();
}

const reasonOf = ({ mate }: Company): TroupeError | undefined => mate.owner.reason;

/** The messages that a speaker has heard since the last cut. */
const told = ({ speaker }: Company): unknown[] =>
  speaker.heard.frames.flatMap((frame) =>
    frame[0] === "message" ? [decodePayload(frame[3])] : [],
  );

/** It has ended, and left nothing. */
function expectOver(company: Company, held: number): void {
  expect(company.mate.connection.open).toBe(false);
  company.clock.tick(60_000);
  expect([company.clock.timers, heldByAll()]).toEqual([0, held]);
}

describe("one that is carried", () => {
  test.each([
    ["dialer", "RESUME", ["resume", 1]],
    ["responder", "RESUME", ["resume", 1]],
    ["dialer", "ACK beyond what was sent", ["ack", INTRODUCED + 2]],
    ["responder", "ACK beyond what was sent", ["ack", INTRODUCED + 2]],
    ["dialer", "ACK far beyond that", ["ack", Number.MAX_SAFE_INTEGER]],
  ] as const)("as %s ends at %s that it did not expect", (side, _, frame) => {
    const held = heldByAll();
    const company = new Company(side);
    const call = company.mate.ask();
    say(company, frame);
    expect(reasonOf(company)).toEqual(isTroupeError("PROTOCOL"));
    expect(call.outcomes).toEqual([isTroupeError("OUTCOME_UNKNOWN")]);
    expectOver(company, held);
  });

  test("lets go of what an ACK names, and takes no notice of one that is late", () => {
    const company = new Company("dialer");
    const held = heldByAll();
    for (let i = 0; i < 3; i++) {
      company.mate.say("x".repeat(2000));
      company.clock.flush();
    }
    say(company, ["ack", INTRODUCED + 3]);
    expect(heldByAll()).toBeLessThanOrEqual(held);
    say(company, ["ack", INTRODUCED + 1], ["ack", 0]);
    expect(reasonOf(company)).toBeUndefined();
    company.cut();
    company.redial();
    say(company, ["resume", INTRODUCED + 3]);
    expect([company.mate.connection.suspended, told(company)]).toEqual([false, []]);
  });

  test("lets go of what an ACK names that comes behind a PING", () => {
    const company = new Company("dialer");
    const held = heldByAll();
    company.mate.say("x".repeat(1500));
    company.clock.flush();
    say(company, ["ping", 7], ["ack", INTRODUCED + 1]);
    expect(heldByAll()).toBeLessThanOrEqual(held);
  });

  test("acknowledges what has come with its heartbeat, and once", () => {
    const company = new Company("dialer");
    for (let i = 0; i < 3; i++) say(company, message(i));
    company.clock.tick(GRACE);
    // HELLO and ROLES count, too.
    expect(company.speaker.heard.frames.filter(([kind]) => kind === "ack")).toEqual([["ack", 4]]);
    say(company, ["ping", 1]);
    expect(company.speaker.kinds.filter((kind) => kind === "ack").length).toBe(1);
  });

  test("acknowledges what has come when it is asked whether it is there, ahead of its answer", () => {
    const company = new Company("dialer");
    say(company, message(1));
    say(company, ["ping", 7]);
    expect(company.speaker.heard.frames.slice(-2)).toEqual([
      ["ack", 2],
      ["pong", 7],
    ]);
  });

  test("acknowledges 32 records with what it says next, and not before", () => {
    const company = new Company("dialer");
    // HELLO and ROLES were the first.
    for (let i = 1; i < 32; i++) say(company, message(i));
    expect(company.speaker.kinds).toEqual([]);
    company.mate.say("next");
    company.clock.flush();
    expect(company.speaker.kinds).toEqual(["message", "ack"]);
    company.mate.say("and one more");
    company.clock.flush();
    expect(company.speaker.kinds).toEqual(["message", "ack", "message"]);
  });

  test("counts no record that is about the channel alone, but one that is about anything else as well", () => {
    const company = new Company("responder");
    expect(company.mate.connection.resumption?.records).toBe(1);
    say(company, ["ping", 1]);
    say(company, ["pong", 1], ["ack", 1]);
    expect(company.mate.connection.resumption?.records).toBe(1);
    say(company, ["ping", 2], message(1));
    say(company, message(2), ["ack", 1]);
    say(company, ["pong", 99], ["roles", 9, false, []]);
    expect(company.mate.connection.resumption?.records).toBe(4);
  });
});

describe("a dialer that waits for RESUME", () => {
  /** It has sent two messages after its introduction, has lost its channel and has dialled. */
  function waiting(): Company {
    const company = new Company("dialer");
    for (const data of ["first", "second"]) {
      company.mate.say(data);
      company.clock.flush();
    }
    say(company, ["ack", INTRODUCED + 1]);
    company.cut();
    company.mate.say("third");
    company.redial();
    return company;
  }

  test("names the connection and the records that have come, and says nothing yet", () => {
    const company = waiting();
    expect(company.speaker.named.at(-1)).toEqual({ name: NAMED, records: 1 });
    expect([company.speaker.established, company.speaker.kinds]).toEqual([true, []]);
    expect(company.mate.connection.suspended).toBe(true);
  });

  test.each([
    [INTRODUCED + 1, ["second", "third"]],
    [INTRODUCED + 2, ["third"]],
    [INTRODUCED + 3, []],
  ])("goes on behind record %i", (records, expected) => {
    const company = waiting();
    say(company, ["resume", records]);
    expect([told(company), company.mate.connection.suspended]).toEqual([expected, false]);
    say(company, message("back"));
    expect(company.mate.owner.messages).toEqual(["back"]);
  });

  test.each<[string, readonly Frame[], string, string]>([
    ["a count beyond what was sent", [["resume", INTRODUCED + 4]], "PROTOCOL", "of which"],
    [
      "a count below what it has said before",
      [["resume", INTRODUCED]],
      "DISCONNECTED",
      "resendBuffer",
    ],
    [
      "RESUME twice",
      [
        ["resume", 2],
        ["resume", 2],
      ],
      "PROTOCOL",
      "that has its channel",
    ],
    ["a message instead", [message("early")], "PROTOCOL", "before RESUME"],
    ["PING instead", [["ping", 1]], "PROTOCOL", "before RESUME"],
    ["nothing but ACK", [["ack", 2]], "PROTOCOL", "before RESUME"],
    [
      "HELLO and ROLES instead",
      [helloWith({ time: GRACE, name: NAMED }), roles],
      "PROTOCOL",
      "HELLO",
    ],
    ["goodbye", [["close", "CLOSED", "no more"]], "DISCONNECTED", "no more"],
  ])("ends at %s", (_, frames, code, text) => {
    const held = heldByAll();
    const company = waiting();
    say(company, ...frames);
    expect(reasonOf(company)).toEqual(expect.objectContaining({ code }));
    expect(reasonOf(company)?.message).toContain(text);
    expectOver(company, held);
  });

  test("gives the channel up when nothing comes, and waits on for another one", () => {
    const company = waiting();
    company.clock.tick(5000);
    expect(company.speaker.ends.length).toBe(2);
    expect([company.mate.connection.suspended, reasonOf(company)]).toEqual([true, undefined]);
    company.redial();
    say(company, ["resume", INTRODUCED + 1]);
    expect(told(company)).toEqual(["second", "third"]);
  });
});

describe("a responder that a dialer wants to go on with", () => {
  /** It has sent two messages after its introduction, of which it knows that the first came. */
  function left(): Company {
    const company = new Company("responder");
    for (const data of ["first", "second"]) {
      company.mate.say(data);
      company.clock.flush();
    }
    say(company, ["ack", INTRODUCED + 1]);
    company.cut();
    return company;
  }

  test.each([
    [INTRODUCED + 1, ["second", "third"]],
    [INTRODUCED + 2, ["third"]],
  ])("tells what has come first of all, and goes on behind record %i", (records, expected) => {
    const company = left();
    company.mate.say("third");
    company.redial(company.resumption(records));
    expect(company.speaker.heard.frames[0]).toEqual(["resume", 1]);
    expect(told(company)).toEqual(expected);
    say(company, message("back"));
    expect(company.mate.owner.messages).toEqual(["back"]);
  });

  test("ends when it names more than was sent", () => {
    const held = heldByAll();
    const company = left();
    company.redial(company.resumption(INTRODUCED + 3));
    expect(reasonOf(company)).toEqual(isTroupeError("PROTOCOL", "of which 3 were sent"));
    expectOver(company, held);
  });

  test("does not go on by a channel that names less than is known to have come: it is an old one", () => {
    const company = left();
    company.redial(company.resumption(INTRODUCED));
    expect(company.speaker.ends.length).toBe(2);
    expect([company.mate.connection.suspended, reasonOf(company)]).toEqual([true, undefined]);
    company.redial(company.resumption(INTRODUCED + 1));
    expect(told(company)).toEqual(["second"]);
  });

  test.each<[string, ConstructorParameters<typeof Speaker>[0], boolean]>([
    ["a name that is not known", {}, false],
    ["another one's connection", { seed: 9 }, true],
    ["that of another run of its process", { instance: "0f".repeat(16) }, true],
  ])("refuses one that names %s, and waits on for the right one", (_, options, right) => {
    const company = left();
    const resumption = company.resumption(INTRODUCED + 1);
    const thief = new Speaker(options);
    company.redial({ ...resumption, name: right ? resumption.name : NAMED }, thief);
    expect(thief.failures).toEqual([isTroupeError("DISCONNECTED", "is over")]);
    expect([thief.established, thief.heard.frames]).toEqual([false, []]);
    expect([company.mate.connection.suspended, reasonOf(company)]).toEqual([true, undefined]);
    company.redial(resumption);
    expect(told(company)).toEqual(["second"]);
  });

  test("refuses it while it has its channel, too, without harm to that", () => {
    const company = new Company("responder");
    const { wire } = company;
    const thief = new Speaker({ seed: 9 });
    company.redial(company.resumption(INTRODUCED), thief);
    expect(thief.failures).toEqual([isTroupeError("DISCONNECTED")]);
    company.wire = wire;
    company.mate.say("still here");
    company.clock.flush();
    expect(company.mate.connection.suspended).toBe(false);
  });

  test("takes HELLO from it for what it is", () => {
    const company = left();
    company.redial(company.resumption(INTRODUCED + 2));
    say(company, helloWith({ time: GRACE }), roles);
    expect(reasonOf(company)).toEqual(isTroupeError("PROTOCOL", "a second HELLO"));
  });

  test("takes RESUME from it for what it is", () => {
    const company = left();
    company.redial(company.resumption(INTRODUCED + 2));
    say(company, ["resume", INTRODUCED + 2]);
    expect(reasonOf(company)).toEqual(isTroupeError("PROTOCOL", "that has its channel"));
  });
});

test("a channel for a connection that nobody finds is never one for a new one", () => {
  const clock = new VirtualClock();
  const [owner, speaker, wire] = [new Owner(), new Speaker(), new Wire(clock)];
  const gate = { judge: () => undefined, find: () => undefined };
  const credentials = credentialsOf("responder", {});
  openConnection(wire.far, "responder", credentials, gate, configOf(clock), owner, 5000);
  speaker.meet(wire.near, "dialer", { name: NAMED, records: 1 });
  clock.flush();
  expect([owner.events, owner.failure]).toEqual([
    ["failed", "gone"],
    isTroupeError("DISCONNECTED"),
  ]);
  expect(speaker.heard.frames).toEqual([]);
});

describe("a connection that was opened with a pre-shared key", () => {
  /** It has lost its channel; `next` is who dials now. */
  function left(next: Readonly<Record<string, string>>): { company: Company; again: Speaker } {
    const presharedKeys = { first: "secret", second: "another" };
    const company = new Company(
      "responder",
      { presharedKeys },
      { presharedKeys: { first: "secret" } },
    );
    expect(company.mate.connection.remote.keyId).toBe("first");
    company.mate.say("told");
    company.cut();
    return { company, again: new Speaker({ presharedKeys: next }) };
  }

  test("goes on with another one", () => {
    const { company, again } = left({ second: "another" });
    company.redial(company.resumption(INTRODUCED), again);
    expect(again.kinds).toEqual(["resume", "message"]);
  });

  test("does not go on with a wrong one", () => {
    const { company, again } = left({ first: "a guess" });
    company.redial(company.resumption(INTRODUCED), again);
    expect([again.established, company.mate.connection.suspended]).toEqual([false, true]);
  });

  test("does not go on without, even if no key is asked for any more", () => {
    const { company, again } = left({});
    company.mate.keys.clear();
    company.redial(company.resumption(INTRODUCED), again);
    expect(again.heard.frames).toEqual([]);
    expect(company.mate.later.at(-1)?.failure).toEqual(isTroupeError("NO_COMMON_KEY"));
    expect([company.mate.connection.suspended, reasonOf(company)]).toEqual([true, undefined]);
  });
});
