import { describe, expect, test } from "vitest";
import { encodePayload } from "../../src/frame/payload.ts";
import type { Frame } from "../frame/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { acquainted, hello, NAME, NOTHING, openPair, reached, roles } from "./support.ts";

const bytes = (length: number): ReturnType<typeof encodePayload> =>
  encodePayload(new Uint8Array(length));

/** More than any batch holds: it leaves at once. */
const LARGE = bytes(100_000);

describe("what is sent", () => {
  test.each([
    ["this side", { messageBytes: 100 }, {}],
    ["the other side", {}, { messageBytes: 100 }],
  ])("is at most as large as %s takes", (_, own, others) => {
    const { clock, end, stranger } = reached({ limits: own });
    stranger.say(hello(others), roles);
    clock.flush();
    const refused = isTroupeError("BAD_PAYLOAD", "101 bytes; at most 100");
    expect(() => end.connection.send(NAME, undefined, bytes(101))).toThrow(refused);
    expect(() => end.ask(new Uint8Array(101))).toThrow(refused);
    expect(end.connection.load).toBe(0);
    end.connection.send(NAME, undefined, bytes(100));
    clock.flush();
    expect(stranger.kinds.at(-1)).toBe("message");
  });

  test("is at most as many requests as the other side takes, those given up included", () => {
    const { clock, end, stranger } = reached();
    stranger.say(hello({ requests: 2 }), roles);
    clock.flush();
    const [first] = [end.ask(), end.ask()];
    const refused = isTroupeError("OVERLOADED", "2 requests are in flight");
    expect(() => end.ask()).toThrow(refused);
    if (first !== undefined) end.connection.cancel(first);
    expect(() => end.ask()).toThrow(refused);
    stranger.say(["reject", 0, "CANCELLED", "", NOTHING]);
    clock.flush();
    expect(() => end.ask()).not.toThrow();
  });

  test("instead of an answer that is too large, or details that are, is a failure without them", () => {
    const { clock, dialer, responder } = openPair({ limits: { messageBytes: 1000 } });
    const [answered, rejected] = [dialer.ask(), dialer.ask()];
    clock.flush();
    responder.owner.requests[0]?.answer(bytes(1001));
    responder.owner.requests[1]?.reject("REJECTED", "no", bytes(1001));
    clock.flush();
    expect(answered.outcomes).toEqual([isTroupeError("BAD_PAYLOAD", "1001 bytes; at most 1000")]);
    expect(rejected.outcomes).toEqual([isTroupeError("REJECTED", "no")]);
    expect(rejected.outcomes[0]).not.toHaveProperty("details", expect.anything());
  });

  test("is refused while too much waits, and taken again when that has left", () => {
    const { clock, end, stranger } = acquainted({ limits: { sendBuffer: 150_000 } });
    const before = stranger.kinds.length;
    for (let i = 0; i < 2; i++) end.connection.send(NAME, undefined, LARGE);
    expect(end.connection.buffered).toBeGreaterThan(200_000);
    const refused = isTroupeError("OVERLOADED", "more than 150000 bytes wait");
    expect(() => end.connection.send(NAME, undefined, NOTHING)).toThrow(refused);
    expect(() => end.ask()).toThrow(refused);
    expect(end.connection.load).toBe(0);
    clock.flush();
    expect(end.owner.events).toContain("drained");
    expect(end.connection.buffered).toBe(0);
    end.connection.send(NAME, undefined, NOTHING);
    clock.flush();
    expect(stranger.kinds.length - before).toBe(3);
  });

  test("ends the connection when it is answers that nobody reads, beyond twice that much", () => {
    const { clock, end, stranger } = acquainted({ limits: { sendBuffer: 150_000 } });
    end.owner.onWork = () => end.owner.requests.at(-1)?.answer(LARGE);
    const asked = (...numbers: readonly number[]): void => {
      stranger.say(...numbers.map((n): Frame => ["request", n, NAME, 0, undefined, NOTHING]));
      clock.flush();
    };
    asked(0, 1);
    asked(0, 1);
    expect([end.owner.requests.length, end.connection.open]).toEqual([4, true]);
    asked(0, 1, 2, 3, 4);
    expect(end.owner.reason).toEqual(isTroupeError("LIMIT", "150000 bytes of answers unread"));
    // Three answers are above 300,000 bytes; the two requests behind them are not served any more.
    expect(end.owner.requests.length).toBe(7);
  });

  test("of its own does not end the connection when an answer comes on top", () => {
    const { clock, end, stranger } = acquainted({ limits: { sendBuffer: 150_000 } });
    end.owner.onWork = () => end.owner.requests.at(-1)?.answer(NOTHING);
    stranger.say(["request", 0, NAME, 0, undefined, NOTHING], ["ping", 1]);
    for (let i = 0; i < 2; i++) end.connection.send(NAME, undefined, LARGE);
    expect(() => end.connection.send(NAME, undefined, NOTHING)).toThrow(
      isTroupeError("OVERLOADED"),
    );
    clock.flush();
    expect([end.owner.requests.length, end.connection.open]).toEqual([1, true]);
  });

  test("before a failure to write it leaves the connection as it was", () => {
    const { clock, end, stranger } = acquainted();
    const long = { role: "x".repeat(256), event: "" };
    expect(() => end.connection.send(long, undefined, NOTHING)).toThrow(
      isTroupeError("BAD_ARGUMENT"),
    );
    end.connection.send(NAME, undefined, encodePayload("next"));
    clock.flush();
    const [kind, name] = stranger.heard.frames.at(-1) ?? [];
    expect([kind, name]).toEqual(["message", NAME]);
  });
});
