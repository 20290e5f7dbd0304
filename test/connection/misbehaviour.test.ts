import { describe, expect, test } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload, Payload } from "../../src/frame/payload.ts";
import { type Frame, raw } from "../frame/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { acquainted, hello, NAME, NOTHING, reached, roles } from "./support.ts";

const request = (correlation: number): Frame => [
  "request",
  correlation,
  NAME,
  0,
  undefined,
  NOTHING,
];
const CAPACITY = { messageBytes: 1, requests: 1, streams: 1 };
const message: Frame = ["message", NAME, undefined, NOTHING];

/** Frames that have no place before both introductions. */
const EARLY: readonly Frame[] = [
  message,
  request(0),
  ["response", 0, NOTHING],
  ["reject", 0, "REJECTED", "", NOTHING],
  ["cancel", 0],
  ["ping", 1],
  ["drain"],
  ["open", 0, 3, NAME, 0, 0, undefined, NOTHING],
  ["accept", 1, 0, NOTHING],
  ["refuse", 1, "REJECTED", "", NOTHING],
  ["data", 2 * 65_535, Uint8Array.of(1)],
  ["end", 2 * 65_535],
  ["reset", 2 * 65_535, 3, "REJECTED", ""],
  ["credit", 2 * 65_535, 1],
];

const named = (frames: readonly Frame[]): [string, Frame][] =>
  frames.map((frame) => [frame[0].toUpperCase(), frame]);

describe("before it is open, a connection is cut by", () => {
  const refused = (...frames: readonly Frame[]): void => {
    const { clock, end, stranger } = reached();
    stranger.say(...frames);
    clock.flush();
    expect(end.owner.failure).toEqual(isTroupeError("PROTOCOL"));
    expect(end.owner.events).toEqual(["failed", "gone"]);
    expect(stranger.ends.length).toBe(1);
    clock.tick(60_000);
    expect(clock.timers).toBe(0);
  };

  test.each(named([...EARLY, roles]))("%s before HELLO", (_, frame) => refused(frame));
  test.each(named([...EARLY, hello()]))("%s before ROLES", (_, frame) => refused(hello(), frame));
  test("changes of roles before all of them", () => refused(hello(), ["roles", 0, false, []]));

  test.each<[string, unknown]>([
    ["is no map", [1]],
    ["is a text", "hello"],
    ["is null", null],
    ["is a Map", new Map([["name", "x"]])],
    ["is a date", new Date(0)],
    ["has no capacity", {}],
    ["has a capacity of nothing", { capacity: { ...CAPACITY, messageBytes: 0 } }],
    ["has a capacity that is no count", { capacity: { ...CAPACITY, messageBytes: 1.5 } }],
    ["has a capacity that is a text", { capacity: { ...CAPACITY, messageBytes: "1" } }],
    ["has a capacity of no streams", { capacity: { ...CAPACITY, streams: 0 } }],
    ["does not say how many streams it takes", { capacity: { messageBytes: 1, requests: 1 } }],
    ["has a number for a name", { name: 1 }],
    ["has a long name", { name: "x".repeat(1025) }],
    ["has addresses that are no list", { addresses: "ws://x" }],
    ["has a number among its addresses", { addresses: [1] }],
    ["has 65 addresses", { addresses: new Array(65).fill("ws://x") }],
    ["has tags that are a list", { tags: ["a"] }],
    ["has a tag that is no text", { tags: { a: 1 } }],
    ["has 65 tags", { tags: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [i, ""])) }],
    ["has meta that is no map", { meta: 1 }],
  ])("a HELLO that %s", (_, about) => {
    const whole =
      typeof about === "object" && about?.constructor === Object && Object.keys(about).length > 0
        ? { capacity: CAPACITY, ...about }
        : about;
    refused(["hello", encodePayload(whole)], roles);
  });

  test("a HELLO that is no payload at all", () => {
    refused(["hello", new Payload(6, Uint8Array.of(0xc1))]);
    refused(["hello", new Payload(99, new Uint8Array(0))]);
  });

  test("a HELLO that is far too long", () => {
    const meta = { text: "x".repeat(200_000) };
    refused(["hello", encodePayload({ capacity: CAPACITY, meta })], roles);
  });
});

test("a HELLO may hold what is not known yet, and leave out all but its capacity", () => {
  const { clock, end, stranger } = reached();
  const about = { capacity: CAPACITY, colour: "blue" };
  stranger.say(["hello", encodePayload(about)], roles);
  clock.flush();
  expect(end.connection.remote).toMatchObject({
    name: "",
    friendly: true,
    addresses: [],
    tags: {},
    meta: {},
  });
});

test("a PONG that nobody asked for is ignored, before and after", () => {
  const { clock, end, stranger } = reached();
  stranger.say(["pong", 7], hello(), ["pong", 7], roles, ["pong", 7]);
  clock.flush();
  expect([end.connection.open, end.connection.rtt]).toEqual([true, undefined]);
});

describe("once it is open, a connection is cut by", () => {
  test.each<[string, readonly Frame[], string]>([
    ["a second HELLO", [hello()], "a second HELLO"],
    [
      "an answer to what was not asked",
      [["response", 0, NOTHING]],
      "request 0, which was not asked",
    ],
    ["a failure of what was not asked", [["reject", 9, "X", "", NOTHING]], "was not asked"],
    ["a correlation used twice at once", [request(5), request(5)], "request 5 was asked twice"],
    [
      "details that cannot be read",
      [["reject", 0, "X", "", new Payload(9, new Uint8Array(0))]],
      "",
    ],
  ])("%s", (_, frames, text) => {
    const { clock, end, stranger } = acquainted();
    stranger.say(...frames, message);
    clock.flush();
    expect(end.owner.reason).toEqual(isTroupeError("PROTOCOL", text));
    expect([end.owner.messages, end.connection.load]).toEqual([[], 0]);
    expect(end.owner.events.slice(-2)).toEqual(["closed", "gone"]);
    clock.tick(60_000);
    expect(clock.timers).toBe(0);
  });

  test("a second answer to one request", () => {
    const { clock, end, stranger } = acquainted();
    const [answered, open] = [end.ask(), end.ask()];
    stranger.say(["response", 0, encodePayload(1)], ["response", 0, encodePayload(2)]);
    clock.flush();
    const reason = isTroupeError("OUTCOME_UNKNOWN", "request 0, which was not asked");
    expect([answered.outcomes, open.outcomes]).toEqual([[1], [reason]]);
  });

  test("more requests at once than it takes", () => {
    const { clock, end, stranger } = acquainted({ limits: { requests: 3 } });
    stranger.say(...[0, 1, 2, 3].map(request));
    clock.flush();
    expect(end.owner.requests.length).toBe(3);
    expect(end.owner.reason).toEqual(isTroupeError("LIMIT", "more than 3 requests"));
    for (const { signal } of end.owner.requests) expect(signal.aborted).toBe(true);
  });

  test("a frame that does not parse, after those before it were heard", () => {
    const { clock, end, stranger } = acquainted();
    stranger.sayBytes(raw(3, 0, 0, 0, 0), raw(3, 77, 0));
    clock.flush();
    expect(end.owner.messages).toEqual([null]);
    expect(end.owner.reason).toEqual(isTroupeError("PROTOCOL", "77 was never defined"));
  });

  test("a record that is not the next one", () => {
    const { clock, end, stranger } = acquainted();
    stranger.channel.send(new Uint8Array(40));
    clock.flush();
    expect(end.owner.reason).toEqual(isTroupeError("PROTOCOL", "changed, repeated or lost"));
  });
});

test("a correlation may be used again as soon as it is answered", () => {
  const { clock, end, stranger } = acquainted();
  end.owner.onWork = () => end.owner.requests.at(-1)?.answer(NOTHING);
  stranger.say(request(5), request(5), request(5));
  clock.flush();
  expect([end.owner.requests.length, end.connection.open]).toEqual([3, true]);
});

describe("nothing is heard any more", () => {
  test("behind a CLOSE in the same record", () => {
    const { clock, end, stranger } = acquainted();
    stranger.say(
      ["close", "CLOSED", "bye"],
      message,
      request(0),
      ["roles", 9, false, []],
      ["drain"],
    );
    clock.flush();
    expect(end.owner.events).toEqual(["opened", "closed", "gone"]);
    expect(end.connection.load).toBe(0);
  });

  test("behind a CLOSE that comes between HELLO and ROLES", () => {
    const { clock, end, stranger } = reached();
    stranger.say(hello(), ["close", "CLOSED", "bye"], roles);
    clock.flush();
    expect(end.owner.events).toEqual(["failed", "gone"]);
    clock.tick(60_000);
    expect(clock.timers).toBe(0);
  });

  test("when the owner ends the connection from within", () => {
    const { clock, end, stranger } = acquainted();
    end.owner.onWork = () => end.connection.abort(new TroupeError("CLOSED", "enough"));
    stranger.say(message, message, request(0));
    clock.flush();
    expect(end.owner.events).toEqual(["opened", "message", "closed", "gone"]);
  });
});
