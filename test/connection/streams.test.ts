import { describe, expect, test } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { isTroupeError } from "../support/errors.ts";
import {
  counted,
  ENOUGH,
  expectIdle,
  FIRST,
  open,
  opens,
  taken,
  Use,
  zeros,
} from "./streams-support.ts";
import { acquainted, NAME, NOTHING, openPair } from "./support.ts";

describe("a stream that its opener reads", () => {
  test("gives what the other side writes, to the end", () => {
    const pair = openPair();
    const { use, end, wait } = open(pair.dialer, "readable", new Use(true), "which");
    pair.clock.flush();
    const { stream, use: writer } = taken(pair.responder);
    expect([stream.kind, stream.name, stream.timeLeft]).toEqual(["readable", NAME, undefined]);
    stream.accept(encodePayload("here"));
    expect(writer.end.write(counted(1000))).toBe(true);
    expect(writer.end.write(counted(500, 1000))).toBe(true);
    writer.end.end();
    pair.clock.flush();
    expect(use.events).toEqual(["begin", "data", "ended"]);
    expect([use.count, use.last]).toEqual([1500, counted(500, 1000)]);
    expect(wait.outcomes).toEqual(["here", "over"]);
    expect(writer.events).toEqual(["begin"]);
    expect(end.write(counted(1))).toBe(true);
    expectIdle(pair);
  });

  test("may be given up by its opener, and who writes is told", () => {
    const pair = openPair();
    const { use, end } = open(pair.dialer, "readable");
    pair.clock.flush();
    const { stream, use: writer } = taken(pair.responder);
    const { signal } = stream;
    expect(writer.end.write(zeros(FIRST + 1))).toBe(false);
    pair.clock.flush();
    expect(use.count).toBe(FIRST);
    end.stop(ENOUGH);
    pair.clock.flush();
    expect(writer.events).toEqual(["begin", "stopped"]);
    expect([signal.aborted, signal.reason]).toEqual([true, isTroupeError("CANCELLED", "enough")]);
    expect(use.events).toEqual(["begin", "data"]);
    expectIdle(pair);
  });

  test("may fail in the middle", () => {
    const pair = openPair();
    const { use, wait } = open(pair.dialer, "readable");
    pair.clock.flush();
    const { use: writer } = taken(pair.responder);
    writer.end.write(counted(10));
    writer.end.abort(new TroupeError("LIMIT", "too long"));
    pair.clock.flush();
    const failure = isTroupeError("LIMIT", "too long");
    expect(use.events).toEqual(["begin", "data", "failed"]);
    expect([use.errors, wait.outcomes]).toEqual([[failure], [null, failure]]);
    expectIdle(pair);
  });
});

describe("a stream that its opener writes", () => {
  test("sends nothing before it is taken, and everything then", () => {
    const pair = openPair();
    const { use, end, wait } = open(pair.dialer, "writable");
    expect(end.write(counted(100))).toBe(false);
    pair.clock.flush();
    end.end();
    pair.clock.flush();
    const { use: reader } = taken(pair.responder);
    expect(reader.events).toEqual(["begin"]);
    reader.end.demand();
    pair.clock.flush();
    expect([reader.events, reader.last]).toEqual([["begin", "data", "ended"], counted(100)]);
    expect([use.events, wait.outcomes]).toEqual([
      ["begin", "flushed"],
      [null, "over"],
    ]);
    expectIdle(pair);
  });

  test("may end without a byte", () => {
    const pair = openPair();
    const { end } = open(pair.dialer, "writable");
    end.end();
    pair.clock.flush();
    const { use } = taken(pair.responder);
    use.end.demand();
    pair.clock.flush();
    expect(use.events).toEqual(["begin", "ended"]);
    expectIdle(pair);
  });

  test("is told when nobody reads any more, and drops what waits", () => {
    const pair = openPair();
    const { use, end } = open(pair.dialer, "writable");
    end.write(zeros(2 * FIRST));
    pair.clock.flush();
    const { use: reader } = taken(pair.responder);
    reader.end.demand();
    pair.clock.flush();
    reader.end.stop(new TroupeError("REJECTED", "disk full"));
    pair.clock.flush();
    expect(use.events).toEqual(["begin", "stopped"]);
    expect(use.errors).toEqual([isTroupeError("REJECTED", "disk full")]);
    expect(end.write(zeros(5))).toBe(true);
    expect(reader.count).toBe(FIRST);
    expectIdle(pair);
  });
});

describe("of a stream that both sides write", () => {
  const both = (): ReturnType<typeof openPair> & { here: Use; there: Use } => {
    const pair = openPair();
    const { use } = open(pair.dialer, "duplex", new Use(true));
    pair.clock.flush();
    const { stream, use: there } = taken(pair.responder, new Use(true));
    stream.accept(NOTHING);
    pair.clock.flush();
    return { ...pair, here: use, there };
  };

  test("each half ends by itself", () => {
    const pair = both();
    pair.here.end.write(counted(7));
    pair.here.end.end();
    pair.clock.flush();
    expect(pair.there.events).toEqual(["begin", "data", "ended"]);
    expect(pair.dialer.connection.load).toBe(1);
    pair.there.end.write(counted(9));
    pair.there.end.end();
    pair.clock.flush();
    expect(pair.here.events).toEqual(["begin", "data", "ended"]);
    expectIdle(pair);
  });

  test("each half fails by itself, and the other goes on", () => {
    const pair = both();
    pair.here.end.abort(ENOUGH);
    pair.there.end.write(counted(9));
    pair.clock.flush();
    expect(pair.there.events).toEqual(["begin", "failed"]);
    expect([pair.here.events, pair.here.count]).toEqual([["begin", "data"], 9]);
    pair.here.end.stop(ENOUGH);
    pair.clock.flush();
    expect(pair.there.events).toEqual(["begin", "failed", "stopped"]);
    expectIdle(pair);
  });

  test("both halves fail when the side that has taken it refuses it afterwards", () => {
    const pair = both();
    pair.responder.owner.streams[0]?.refuse("REJECTED", "no more", NOTHING);
    pair.clock.flush();
    expect(pair.here.events).toEqual(["begin", "failed", "stopped"]);
    expect(pair.there.events).toEqual(["begin", "closed"]);
    expectIdle(pair);
  });

  test("an end that is refused afterwards still leaves what it had ended", () => {
    const pair = both();
    pair.there.end.write(counted(3));
    pair.there.end.end();
    pair.responder.owner.streams[0]?.refuse("REJECTED", "no more", NOTHING);
    pair.clock.flush();
    expect(pair.here.events).toEqual(["begin", "data", "ended", "stopped"]);
    expectIdle(pair);
  });

  test("calls about a half that is over do nothing", () => {
    const pair = both();
    for (const { end } of [pair.here, pair.there]) {
      end.end();
      end.end();
      end.abort(ENOUGH);
      expect(end.write(counted(1))).toBe(true);
    }
    pair.clock.flush();
    for (const { end } of [pair.here, pair.there]) {
      end.stop(ENOUGH);
      end.read(0);
      end.demand();
    }
    pair.clock.flush();
    expect(pair.here.events).toEqual(["begin", "ended"]);
    expect(pair.there.events).toEqual(["begin", "ended"]);
    expectIdle(pair);
  });

  test("both halves end when the connection does, once", () => {
    const pair = both();
    pair.here.end.end();
    pair.clock.flush();
    pair.dialer.connection.abort(new TroupeError("CLOSED", "gone"));
    pair.clock.flush();
    expect(pair.here.events).toEqual(["begin", "closed"]);
    expect(pair.there.events).toEqual(["begin", "ended", "closed"]);
    expect(pair.here.errors).toEqual([isTroupeError("CLOSED", "gone")]);
    for (const { owner } of [pair.dialer, pair.responder]) {
      expect(owner.events.slice(-2)).toEqual(["closed", "gone"]);
      expect(owner.events).not.toContain("idle");
    }
  });
});

describe("writing", () => {
  test("no bytes says nothing, and does not take a stream either", () => {
    const { clock, end, stranger } = acquainted();
    stranger.say(opens(0, 1));
    clock.flush();
    const { use } = taken(end);
    const before = stranger.kinds.length;
    expect(use.end.write(zeros(0))).toBe(true);
    clock.flush();
    expect(stranger.kinds.length).toBe(before);
  });

  test("from within flushed goes on in order", () => {
    const pair = openPair();
    const reader = new Use(true);
    open(pair.dialer, "readable", reader);
    pair.clock.flush();
    const { use: writer } = taken(pair.responder);
    let left = 5;
    writer.onFlushed = () => {
      if (left-- > 0) writer.end.write(zeros(2 * FIRST));
      else writer.end.end();
    };
    expect(writer.end.write(zeros(2 * FIRST))).toBe(false);
    pair.clock.flush();
    expect([reader.count, reader.events.at(-1)]).toEqual([12 * FIRST, "ended"]);
    expect(writer.events.filter((event) => event === "flushed").length).toBe(6);
    expectIdle(pair);
  });

  test("may be given its buffer back as soon as it has left", () => {
    const pair = openPair();
    const { use } = open(pair.dialer, "readable");
    pair.clock.flush();
    const { use: writer } = taken(pair.responder);
    const buffer = counted(100);
    expect(writer.end.write(buffer)).toBe(true);
    buffer.fill(0);
    pair.clock.flush();
    expect(use.last).toEqual(counted(100));
  });
});
