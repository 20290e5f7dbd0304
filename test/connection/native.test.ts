import { describe, expect, test } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { isTroupeError } from "../support/errors.ts";
import {
  acquainted,
  hello,
  NAME,
  NOTHING,
  openPair,
  ROLES,
  reached,
  roles,
  TIME,
} from "./support.ts";

const CLOSED = new TroupeError("CLOSED", "this peer is closed");

describe("a native connection", () => {
  test("opens on both sides, each knowing who the other is and what it plays", () => {
    const tags = { zone: "a" };
    const { dialer, responder } = openPair({ introduction: { name: "alice", tags } });
    for (const { connection, owner } of [dialer, responder]) {
      expect([owner.events, connection.open]).toEqual([["opened"], true]);
      expect(connection.remote).toMatchObject({ name: "alice", tags, keyId: undefined });
      expect(owner.roleLists).toEqual([ROLES]);
      expect(owner.told).toBe(ROLES.number);
    }
    expect([dialer.connection.dialed, responder.connection.dialed]).toEqual([true, false]);
    expect(dialer.connection.remote.id).not.toBe(responder.connection.remote.id);
  });

  test("is silent as a dialer until the other side has introduced itself", () => {
    const { clock, stranger } = reached();
    expect(stranger.kinds).toEqual([]);
    stranger.say(hello());
    clock.flush();
    expect(stranger.kinds).toEqual([]);
    stranger.say(roles);
    clock.flush();
    expect(stranger.kinds).toEqual(["hello", "roles", "ping"]);
  });

  test("is asked and answers, both ways", () => {
    const { clock, dialer, responder } = openPair();
    for (const [asking, serving] of [
      [dialer, responder],
      [responder, dialer],
    ] as const) {
      const call = asking.ask("question");
      clock.flush();
      const [request] = serving.owner.requests;
      expect(request?.name).toEqual(NAME);
      expect([asking.connection.load, serving.connection.load]).toEqual([1, 1]);
      request?.answer(encodePayload("answer"));
      clock.flush();
      expect(call.outcomes).toEqual(["answer"]);
      expect([asking.connection.load, serving.connection.load]).toEqual([0, 0]);
      expect([asking.owner.events.at(-1), serving.owner.events.at(-1)]).toEqual(["idle", "idle"]);
    }
  });

  test("keeps messages and requests in the order in which they were sent, in one record", () => {
    const { clock, end, stranger } = acquainted();
    for (let i = 0; i < 3; i++) end.connection.send(NAME, undefined, encodePayload(i));
    end.ask();
    clock.flush();
    expect(stranger.kinds.slice(-4)).toEqual(["message", "message", "message", "request"]);
  });

  test("tells a caller why its request was rejected, with the handler's details", () => {
    const { clock, end, stranger } = acquainted();
    const calls = [end.ask(), end.ask(), end.ask()];
    stranger.say(
      ["reject", 0, "NO_EVENT", "no such event", NOTHING],
      ["reject", 1, "REJECTED", "no seats", encodePayload({ seats: 0 })],
      ["reject", 2, "KEY_CHANGED", "a code that is not for others to give", NOTHING],
    );
    clock.flush();
    const [first, second, third] = calls.flatMap(({ outcomes }) => outcomes);
    expect(first).toEqual(isTroupeError("NO_EVENT", "no such event"));
    expect(second).toMatchObject({ code: "REJECTED", details: { seats: 0 } });
    expect(third).toEqual(isTroupeError("REJECTED", "a code that is not"));
  });

  test("tells the other side of a caller who gave up, and takes its answer all the same", () => {
    const { clock, dialer, responder } = openPair();
    const call = dialer.ask();
    clock.flush();
    const [request] = responder.owner.requests;
    const signal = request?.signal;
    dialer.connection.cancel(call);
    clock.flush();
    expect(signal?.reason).toEqual(isTroupeError("CANCELLED"));
    request?.answer(encodePayload("too late"));
    clock.flush();
    expect([call.outcomes, dialer.connection.open, dialer.connection.load]).toEqual([[], true, 0]);
  });

  test("survives an answer and a cancel that cross on the wire", () => {
    const { clock, dialer, responder } = openPair();
    const call = dialer.ask();
    clock.flush();
    responder.owner.requests[0]?.answer(NOTHING);
    dialer.connection.cancel(call);
    clock.flush();
    const next = dialer.ask();
    clock.flush();
    responder.owner.requests[1]?.answer(encodePayload("next"));
    clock.flush();
    expect([call.outcomes, next.outcomes, dialer.connection.open]).toEqual([[], ["next"], true]);
  });

  test("hears roles in order, and no list that is older than the last", () => {
    const { clock, end, stranger } = acquainted();
    const list = (number: number, full = false): void =>
      stranger.say(["roles", number, full, [{ name: `at ${number}`, active: true, version: "" }]]);
    for (const number of [5, 4, 5, 3]) list(number);
    list(6, true);
    clock.flush();
    expect(end.owner.events.slice(1)).toEqual(["roles", "all roles"]);
    expect(end.owner.roleLists.map(({ number }) => number)).toEqual([3, 5, 6]);
  });

  test("announces roles, and asks for no new work", () => {
    const { clock, dialer, responder } = openPair();
    dialer.connection.announce({ number: 4, roles: [] }, false);
    dialer.connection.drain();
    clock.flush();
    expect(responder.owner.events.slice(1)).toEqual(["roles", "draining"]);
  });

  test("answers a ping at once with its number", () => {
    const { clock, stranger } = acquainted();
    stranger.say(["ping", 2 ** 52]);
    clock.flush();
    expect(stranger.heard.frames.at(-1)).toEqual(["pong", 2 ** 52]);
  });

  test("says why it closes, after all that was sent before, and ends on both sides", () => {
    const { clock, dialer, responder } = openPair();
    const mine = dialer.ask();
    const theirs = responder.ask();
    clock.flush();
    dialer.connection.send(NAME, undefined, encodePayload("last words"));
    dialer.connection.close(CLOSED);
    expect([dialer.owner.reason, mine.outcomes]).toEqual([CLOSED, [CLOSED]]);
    clock.flush();
    expect(responder.owner.messages).toEqual(["last words"]);
    const reason = isTroupeError(
      "DISCONNECTED",
      'closed the connection: "CLOSED", "this peer is closed"',
    );
    const unknown = isTroupeError("OUTCOME_UNKNOWN", "closed the connection");
    expect([responder.owner.reason, theirs.outcomes]).toEqual([reason, [unknown]]);
    expect(dialer.owner.events).toEqual(["opened", "request", "closed", "gone"]);
    expect(responder.owner.events).toEqual(["opened", "request", "message", "closed", "gone"]);
    expect([dialer.connection.open, responder.connection.open]).toEqual([false, false]);
  });

  test("fails what is in flight when its channel breaks, and tells handlers", () => {
    const { clock, end, stranger } = acquainted();
    const call = end.ask();
    stranger.say(["request", 0, NAME, 0, undefined, NOTHING]);
    clock.flush();
    const signal = end.owner.requests[0]?.signal;
    stranger.channel.abort();
    clock.flush();
    const reason = isTroupeError("DISCONNECTED", "the connection was lost");
    const unknown = isTroupeError("OUTCOME_UNKNOWN", "the connection was lost");
    expect([call.outcomes, signal?.reason, end.owner.reason]).toEqual([[unknown], reason, reason]);
    expect(end.owner.events.slice(-2)).toEqual(["closed", "gone"]);
  });

  test("knows of each request whether it has left when it breaks", () => {
    const { clock, end } = acquainted();
    const early = end.ask();
    clock.flush();
    // Large enough to leave before the end of the tick; what comes behind it waits for that.
    const large = end.ask(new Uint8Array(64 * 1024));
    const late = [end.ask(), end.ask()];
    end.connection.abort(new TroupeError("DISCONNECTED", "cut"));
    const unknown = isTroupeError("OUTCOME_UNKNOWN", "cut");
    expect([early.outcomes, large.outcomes]).toEqual([[unknown], [unknown]]);
    for (const { outcomes } of late)
      expect(outcomes).toEqual([isTroupeError("NOT_DELIVERED", "was not sent: cut")]);
  });

  test("takes nothing more to send once it is over, and settles nothing twice", () => {
    const { clock, end, stranger } = acquainted();
    const call = end.ask();
    clock.flush();
    end.connection.abort(CLOSED);
    const heard = stranger.kinds.length;
    expect(() => end.connection.send(NAME, undefined, NOTHING)).toThrow(CLOSED);
    expect(() => end.ask()).toThrow(isTroupeError("NOT_DELIVERED", CLOSED.message));
    end.connection.cancel(call);
    clock.flush();
    expect([call.outcomes, end.connection.load, stranger.kinds.length]).toEqual([
      [CLOSED],
      0,
      heard,
    ]);
  });

  test("leaves nothing on the clock when it is over, and can be ended again and again", () => {
    const { clock, dialer, responder } = openPair();
    dialer.connection.abort(CLOSED);
    clock.flush();
    for (const { connection, owner } of [dialer, responder]) {
      connection.close(CLOSED);
      connection.abort(CLOSED);
      clock.flush();
      expect(owner.events.filter((event) => event === "closed" || event === "gone")).toEqual([
        "closed",
        "gone",
      ]);
    }
    clock.tick(60_000);
    expect(clock.timers).toBe(0);
  });

  test("fails to open when the other side closes instead, and says what it said", () => {
    const { clock, end, stranger } = reached();
    stranger.say(["close", "LIMIT", "too many units"]);
    clock.flush();
    expect(end.owner.failure).toEqual(isTroupeError("DISCONNECTED", '"LIMIT", "too many units"'));
    expect(end.owner.events).toEqual(["failed", "gone"]);
  });

  test.each([
    ["says nothing", false],
    ["says only half", true],
  ])("fails to open when the other side %s for too long", (_, half) => {
    const { clock, end, stranger } = reached();
    if (half) stranger.say(hello());
    clock.tick(TIME - 1);
    expect(end.owner.events).toEqual([]);
    clock.tick(1);
    expect(end.owner.failure).toEqual(isTroupeError("HANDSHAKE_FAILED", `within ${TIME} ms`));
    expect(end.owner.events).toEqual(["failed", "gone"]);
    expect(clock.timers).toBe(0);
  });
});

describe("its heartbeat", () => {
  const timeouts = { heartbeat: 10_000 };

  test("goes on for ever between two who answer, and measures the time it takes", () => {
    const { clock, dialer, responder } = openPair({ timeouts });
    clock.tick(100_000);
    expect([dialer.connection.open, responder.connection.open]).toEqual([true, true]);
    expect(dialer.connection.rtt).toBe(0);
    expect(clock.timers).toBe(2);
  });

  test("finds out within two beats that nobody is there any more", () => {
    const { clock, end, stranger } = acquainted({ timeouts });
    stranger.say(["pong", 1]);
    const call = end.ask();
    clock.tick(19_999);
    expect(end.connection.open).toBe(true);
    clock.tick(1);
    const reason = isTroupeError("DISCONNECTED", "two heartbeats of 10000 ms");
    const unknown = isTroupeError("OUTCOME_UNKNOWN", "two heartbeats of 10000 ms");
    expect([end.owner.reason, call.outcomes]).toEqual([reason, [unknown]]);
    expect(stranger.ends.map(({ clean }) => clean)).toEqual([false]);
    expect(clock.timers).toBe(0);
  });

  test("takes any record for a sign of life", () => {
    const { clock, end, stranger } = acquainted({ timeouts });
    for (let i = 0; i < 20; i++) {
      stranger.say(["message", NAME, undefined, NOTHING]);
      clock.tick(9_000);
    }
    expect([end.connection.open, end.connection.rtt]).toEqual([true, undefined]);
  });
});
