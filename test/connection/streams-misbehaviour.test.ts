import { describe, expect, test } from "vitest";
import type { ErrorCode, TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import type { Frame } from "../frame/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { ENOUGH, FIRST, KIB, open, opens, taken, Use, zeros } from "./streams-support.ts";
import { acquainted, type EndOptions, NAME, NOTHING } from "./support.ts";

const SLOTS = 65_536;
/** The number of a turn in a slot, as its opener writes it. */
const number = (turn: number, slot: number): number => 2 * (turn * SLOTS + slot);
/** Nobody but who takes as many streams as there are numbers has this slot. */
const LAST = number(0, SLOTS - 1);

const data = (id: number, length = 1): Frame => ["data", id, zeros(length)];
const accept = (id: number, credit = 0): Frame => ["accept", id, credit, NOTHING];
const refuse = (id: number): Frame => ["refuse", id, "REJECTED", "", NOTHING];
const reset = (id: number, halves: number): Frame => ["reset", id, halves, "REJECTED", ""];

/** One of ours (0), duplex, and one of the stranger's (0), duplex, both taken. */
function both(
  options: EndOptions = {},
): ReturnType<typeof acquainted> & { ours: Use; theirs: Use } {
  const all = acquainted(options);
  const { use: ours } = open(all.end, "duplex");
  all.stranger.say(accept(1), opens(0));
  all.clock.flush();
  const { stream, use: theirs } = taken(all.end);
  stream.accept(NOTHING);
  all.clock.flush();
  return { ...all, ours, theirs };
}

/** What a connection ends with when it hears these; nothing when it does not end. */
function heard(
  all: ReturnType<typeof acquainted>,
  ...frames: readonly Frame[]
): TroupeError | undefined {
  all.stranger.say(...frames);
  all.clock.flush();
  return all.end.owner.reason;
}

describe("a connection is cut by", () => {
  test.each<[string, readonly Frame[], string]>([
    ["an answer to a stream that was never opened", [accept(3)], "stream 1 was never opened"],
    ["bytes on one of ours that was never opened", [data(3)], "never opened"],
    ["bytes on one of theirs that was never opened", [data(2)], "never opened"],
    ["a refusal of one that was never opened", [refuse(3)], "never opened"],
    ["an end of one of ours that was never opened", [["end", 3]], "never opened"],
    ["an end of one of theirs that was never opened", [["end", 2]], "never opened"],
    ["credit for one of ours that was never opened", [["credit", 3, 1]], "never opened"],
    ["credit for one of theirs that was never opened", [["credit", 2, 1]], "never opened"],
    ["a reset of one of ours that was never opened", [reset(3, 3)], "never opened"],
    ["a reset of a turn that is to come", [reset(number(1, 0), 3)], "never opened"],
    ["a number that is used twice", [opens(0)], "stream 0 was opened twice"],
    ["a slot that is in use", [opens(number(1, 0))], "opened twice"],
    ["a turn that comes again", [reset(0, 3), opens(0)], "stream 0 was opened twice"],
    [
      "a turn that goes back",
      [opens(number(7, 1)), reset(number(7, 1), 3), opens(number(6, 1))],
      "opened twice",
    ],
    ["a stream opened in our name", [opens(5)], "opened in the name of this side"],
    ["a stream without a half", [opens(2, 0)], "0 stands for no half"],
    ["a stream with more than two halves", [opens(2, 4)], "4 stands for no half"],
    ["a reset of no half", [reset(0, 0)], "0 stands for no half"],
    ["a reset of more than two halves", [reset(0, 4)], "4 stands for no half"],
    ["a stream taken twice", [accept(1)], "accepted twice"],
    ["a stream taken by its opener", [accept(0)], "accepted by the side that opened it"],
    ["a stream refused by its opener", [refuse(0)], "refused by the side that opened it"],
    [
      "a stream that is over, taken by its opener",
      [reset(0, 3), accept(0)],
      "accepted by the side that opened it",
    ],
    ["a refusal of what was taken", [refuse(1)], "refused after it was accepted"],
    ["bytes behind the end", [["end", 0], data(0)], "where nothing comes any more"],
    ["no bytes behind the end", [["end", 0], data(0, 0)], "where nothing comes any more"],
    [
      "an end behind the end",
      [
        ["end", 1],
        ["end", 1],
      ],
      "where nothing comes any more",
    ],
    ["bytes behind a reset of them", [reset(1, 2), data(1)], "where nothing comes any more"],
    ["an end behind a reset of it", [reset(0, 2), ["end", 0]], "where nothing comes any more"],
    ["bytes of theirs that we are asked for", [opens(2, 1), data(2)], "before it was accepted"],
    ["bytes before they are asked for", [opens(2, 2), data(2)], "before it was accepted"],
    ["no bytes before they are asked for", [opens(2, 2), data(2, 0)], "before it was accepted"],
    ["an end before it is taken", [opens(2, 2), ["end", 2]], "before it was accepted"],
    ["more bytes than were granted", [data(0, FIRST), data(0)], "more than it was granted"],
    ["more bytes than were granted, at once", [data(1, FIRST + 1)], "more than it was granted"],
    ["more credit than can be counted", [["credit", 0, 2 ** 53 - 1]], "too much credit"],
    [
      "more credit than can be counted, before it is taken",
      [opens(2, 1, 2 ** 53 - 1), ["credit", 2, 1]],
      "too much credit",
    ],
    [
      "details that cannot be read",
      [["refuse", 3, "X", "", { ...encodePayload(1), tag: 9 } as never]],
      "",
    ],
  ])("%s", (_, frames, text) => {
    const all = both();
    expect(heard(all, ...frames)).toEqual(isTroupeError("PROTOCOL", text));
    expect([all.end.connection.load, all.end.connection.open]).toEqual([0, false]);
    expect([all.ours.events.at(-1), all.end.owner.events.slice(-2)]).toEqual([
      "closed",
      ["closed", "gone"],
    ]);
    all.clock.tick(60_000);
    expect(all.clock.timers).toBe(0);
  });

  test.each<[string, Frame]>([
    ["bytes", data(1)],
    ["bytes", data(1, 0)],
    ["an end", ["end", 1]],
    ["credit", ["credit", 1, 5]],
    ["a reset", reset(1, 3)],
  ])("%s of a stream of ours that it has not taken", (what, frame) => {
    const all = acquainted();
    const { use } = open(all.end, "duplex");
    const reason = isTroupeError("PROTOCOL", `${what} on stream 0 before it was accepted`);
    expect(heard(all, frame)).toEqual(reason);
    expect([use.events, use.errors]).toEqual([["begin", "closed"], [reason]]);
  });

  test.each<["readable" | "writable", Frame]>([
    ["writable", data(1)],
    ["writable", ["end", 1]],
  ])("a half that a stream of ours lacks: %s", (kind, frame) => {
    const all = acquainted();
    open(all.end, kind);
    expect(heard(all, accept(1, 5), frame)).toEqual(
      isTroupeError("PROTOCOL", "nothing comes any more"),
    );
  });

  test.each<[string, Frame]>([
    ["bytes", data(0)],
    ["an end", ["end", 0]],
  ])("a half that a stream of theirs lacks: %s", (_, frame) => {
    const all = acquainted();
    heard(all, opens(0, 1));
    taken(all.end).stream.accept(NOTHING);
    expect(heard(all, frame)).toEqual(isTroupeError("PROTOCOL", "nothing comes any more"));
  });

  test("somebody who opens streams and never reads that they are refused", () => {
    const all = acquainted({ limits: { streams: 1, sendBuffer: 1000 } });
    heard(all, opens(0));
    for (let turn = 0; turn < 200; turn++) all.stranger.say(opens(number(turn, 1)));
    expect(heard(all)).toBeUndefined();
    // All in one record, and so without a moment in which anything could leave.
    all.stranger.say(...Array.from({ length: 5000 }, (_, turn) => opens(number(turn + 200, 1))));
    expect(heard(all)).toEqual(isTroupeError("LIMIT", "1000 bytes of answers unread"));
    expect([all.end.owner.streams.length, all.end.connection.load]).toEqual([1, 0]);
  });

  test("somebody who sends bytes and never reads that more are granted", () => {
    // Windows are small, so that there is much to grant.
    const all = acquainted({ limits: { streamBuffer: 1, sendBuffer: 1000 } });
    open(all.end, "readable", new Use(true));
    const frames = Array.from({ length: 800 }, () => data(1, 8 * KIB + 1));
    expect(heard(all, accept(1), ...frames)).toEqual(isTroupeError("LIMIT", "unread"));
  });

  test("somebody who does so with streams that are taken, in which nothing is left behind", () => {
    const all = acquainted({ limits: { sendBuffer: 1000 } });
    all.end.owner.onWork = () => all.end.owner.streams.at(-1)?.accept(NOTHING);
    const turns = Array.from({ length: 9000 }, (_, turn) => [
      opens(number(turn, 0)),
      reset(number(turn, 0), 3),
    ]);
    expect(heard(all, ...(turns.flat() as Frame[]))).toEqual(isTroupeError("LIMIT", "unread"));
    expect(all.end.connection.load).toBe(0);
  });
});

describe("a connection goes on after", () => {
  test.each<[string, readonly Frame[]]>([
    ["what it ignores of a half that is over", [["end", 0], reset(0, 2), reset(0, 1), reset(0, 3)]],
    ["credit for a half that is over", [reset(0, 1), ["credit", 0, 2 ** 53 - 1]]],
    ["credit for a half that is not there", [opens(2, 2), ["credit", 2, 2 ** 53 - 1]]],
    ["credit before a stream of theirs is taken", [opens(2, 3), ["credit", 2, 1]]],
    ["more bytes in one frame than it should send", [data(0, FIRST), data(1, FIRST)]],
    ["no bytes", [data(0, 0), data(1, 0)]],
    [
      "no credit",
      [
        ["credit", 0, 0],
        ["credit", 1, 0],
      ],
    ],
    [
      "frames for one of theirs that is over",
      [reset(0, 3), data(0), ["end", 0], reset(0, 3), ["credit", 0, 1]],
    ],
    [
      "frames for a slot that this side does not have, opened or not",
      [data(LAST, 5), ["end", LAST], reset(LAST, 3), ["credit", LAST, 1]],
    ],
    [
      "frames for a stream that is over",
      [reset(1, 3), data(1), ["end", 1], reset(1, 1), ["credit", 1, 1], accept(1), refuse(1)],
    ],
    [
      "frames for an earlier turn",
      [
        reset(0, 3),
        opens(number(9, 0)),
        data(0),
        ["end", 0],
        reset(number(3, 0), 3),
        ["credit", 0, 1],
      ],
    ],
    ["turns that are left out", [opens(number(2 ** 36 - 1, 3)), reset(number(2 ** 36 - 1, 3), 3)]],
  ])("%s", (_, frames) => {
    const all = both();
    expect(heard(all, ...frames)).toBeUndefined();
    expect([all.end.connection.open, all.ours.events.includes("closed")]).toEqual([true, false]);
  });

  test("a reset of a half that is not there, which the other half does not notice", () => {
    const all = acquainted();
    heard(all, opens(0, 2));
    const { stream, use } = taken(all.end);
    stream.accept(NOTHING);
    expect(heard(all, reset(0, 1), data(0, 5), ["end", 0])).toBeUndefined();
    expect([use.events, use.count]).toEqual([["begin", "data", "ended"], 5]);
  });

  test.each<[string, ErrorCode]>([
    ["LIMIT", "LIMIT"],
    ["CANCELLED", "CANCELLED"],
    ["TIMEOUT", "REJECTED"],
    ["WRONG_PEER", "REJECTED"],
    ["", "REJECTED"],
  ])("a reset of code %j, which is %s here", (said, code) => {
    const all = both();
    expect(heard(all, ["reset", 1, 3, said, "why"])).toBeUndefined();
    const reason = isTroupeError(code, "why");
    expect([all.ours.events, all.ours.errors]).toEqual([
      ["begin", "failed", "stopped"],
      [reason, reason],
    ]);
  });

  test.each<[string, ErrorCode]>([
    ["NO_EVENT", "NO_EVENT"],
    ["CANCELLED", "CANCELLED"],
    ["TIMEOUT", "REJECTED"],
    ["WRONG_PEER", "REJECTED"],
  ])("a refusal of code %j, which is %s here", (said, code) => {
    const all = acquainted();
    const { use } = open(all.end, "duplex");
    expect(heard(all, ["refuse", 1, said, "why", NOTHING])).toBeUndefined();
    expect([use.events, use.errors]).toEqual([["begin", "closed"], [isTroupeError(code, "why")]]);
  });

  test("what comes of a half that it reads no more", () => {
    const all = both();
    all.ours.end.stop(ENOUGH);
    expect(heard(all, data(1, 2 * FIRST), data(1), ["end", 1], reset(1, 2))).toBeUndefined();
    expect(all.ours.events).toEqual(["begin"]);
    all.ours.end.end();
    all.clock.flush();
    expect(all.end.connection.load).toBe(1);
  });
});

describe("a stream beyond the limit", () => {
  const refusals = (all: ReturnType<typeof acquainted>): unknown[] =>
    all.stranger.heard.frames
      .filter(([kind]) => kind === "refuse")
      .map(([, id, code]) => [id, code]);

  test("is refused, and nothing is kept of it", () => {
    const all = acquainted({ limits: { streams: 2 } });
    heard(all, opens(0), opens(2), opens(4), opens(number(5, 2)), opens(4));
    expect(refusals(all)).toEqual([4, number(5, 2), 4].map((id) => [id + 1, "OVERLOADED"]));
    expect([all.end.owner.streams.length, all.end.connection.load]).toEqual([2, 2]);
    expect(heard(all, data(4), ["end", 4], reset(4, 3), ["credit", 4, 1])).toBeUndefined();
  });

  test("may have any slot, and not even its number is kept", () => {
    const all = acquainted();
    const most = number(2 ** 36 - 1, SLOTS - 1);
    expect(heard(all, opens(most), opens(LAST), opens(LAST), data(LAST, 5))).toBeUndefined();
    expect(refusals(all).length).toBe(3);
    expect([all.end.owner.streams.length, all.end.connection.load]).toEqual([0, 0]);
  });

  test("is refused while streams that are over have not been read, and taken again then", () => {
    const all = acquainted({ limits: { streams: 2 } });
    all.end.owner.onWork = () => {
      const { stream } = taken(all.end, uses[uses.push(new Use()) - 1]);
      stream.accept(NOTHING);
    };
    const uses: Use[] = [];
    const whole = (turn: number, slot: number): void => {
      heard(all, opens(number(turn, slot), 2));
      heard(all, data(number(turn, slot), 10), ["end", number(turn, slot)]);
    };
    whole(0, 0);
    whole(0, 1);
    expect(all.end.connection.load).toBe(0);
    heard(all, opens(number(1, 0), 2));
    expect(refusals(all).length).toBe(1);
    uses[0]?.end.read(4);
    heard(all, opens(number(2, 0), 2));
    expect(refusals(all).length).toBe(2);
    uses[0]?.end.read(6);
    uses[0]?.end.read(6);
    uses[0]?.end.stop(ENOUGH);
    whole(3, 0);
    expect([refusals(all).length, uses.length]).toEqual([2, 3]);
    uses[1]?.end.stop(ENOUGH);
    uses[1]?.end.stop(ENOUGH);
    uses[1]?.end.read(10);
    whole(1, 1);
    heard(all, opens(number(4, 0), 2));
    expect([refusals(all).length, uses.length]).toEqual([3, 4]);
  });
});

test("a few bytes that come in a large record do not hold all of it", () => {
  const all = acquainted();
  const { use } = open(all.end, "readable");
  const held: number[] = [];
  use.data = (bytes: Uint8Array): void => void held.push(bytes.buffer.byteLength);
  heard(all, accept(1), ["message", NAME, undefined, encodePayload(zeros(900 * KIB))], data(1, 5));
  heard(all, data(1, 5));
  expect(held.length).toBe(2);
  for (const bytes of held) expect(bytes).toBeLessThan(KIB);
});
