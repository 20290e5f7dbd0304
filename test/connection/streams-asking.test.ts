import { describe, expect, test } from "vitest";
import { provider } from "../../src/crypto/default.node.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
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
  Wait,
  zeros,
} from "./streams-support.ts";
import { acquainted, hello, NAME, NOTHING, openPair, reached, roles } from "./support.ts";

/** Crypto that cannot seal records of more bytes. */
const failing = (most: number): CryptoProvider => ({
  ...provider,
  aead: (key) => {
    const aead = provider.aead(key);
    return {
      open: (counter, sealed) => aead.open(counter, sealed),
      seal: (counter, plaintext) => {
        if (plaintext.length > most) throw new TroupeError("PROTOCOL", "it cannot be sealed");
        return aead.seal(counter, plaintext);
      },
    };
  },
});

describe("a stream is taken", () => {
  const asked = (halves: number): ReturnType<typeof acquainted> & { use: Use } => {
    const all = acquainted();
    all.stranger.say(opens(0, halves));
    all.clock.flush();
    return { ...all, use: taken(all.end).use };
  };
  const said = ({ clock, stranger }: ReturnType<typeof acquainted>): unknown[] => {
    clock.flush();
    const [from] = [stranger.kinds.indexOf("accept")];
    return from < 0
      ? []
      : stranger.heard.frames
          .slice(from)
          .map((frame) => frame.slice(0, 3).map((f) => (f instanceof Uint8Array ? [...f] : f)));
  };

  test("by the first demand, with what it may send", () => {
    const all = asked(2);
    expect(said(all)).toEqual([]);
    all.use.end.demand();
    all.use.end.demand();
    expect(said(all)).toEqual([["accept", 1, FIRST]]);
  });

  test("by the first write, which follows at once", () => {
    const all = asked(1);
    all.use.end.demand();
    expect(said(all)).toEqual([]);
    all.use.end.write(counted(3));
    expect(said(all)).toEqual([
      ["accept", 1, 0],
      ["data", 1, [...counted(3)]],
    ]);
  });

  test("by an end without a byte, which is said once", () => {
    const all = asked(3);
    all.use.end.end();
    all.use.end.end();
    expect(said(all)).toEqual([
      ["accept", 1, FIRST],
      ["end", 1],
    ]);
  });

  test("by an answer, once", () => {
    const all = asked(3);
    all.end.owner.streams[0]?.accept(encodePayload("one"));
    all.end.owner.streams[0]?.accept(encodePayload("two"));
    expect(said(all)).toEqual([["accept", 1, FIRST]]);
  });

  test("by another answer when the first one was too large", () => {
    const { clock, end, stranger } = reached({
      limits: { messageBytes: 100, streamBuffer: FIRST },
    });
    stranger.say(hello(), roles, opens(0, 2));
    clock.flush();
    const { stream } = taken(end);
    const large = encodePayload(zeros(101));
    for (let i = 0; i < 3; i++)
      expect(() => stream.accept(large)).toThrow(isTroupeError("BAD_PAYLOAD"));
    stream.accept(NOTHING);
    clock.flush();
    expect(stranger.heard.frames.at(-1)?.slice(0, 3)).toEqual(["accept", 1, FIRST]);
  });
});

describe("a stream that is not taken", () => {
  test("is refused with a code, a text and details", () => {
    const pair = openPair();
    const { use, end, wait } = open(pair.dialer, "duplex");
    end.write(counted(10));
    pair.clock.flush();
    const { stream, use: there } = taken(pair.responder);
    const { signal } = stream;
    stream.refuse("NO_EVENT", "not here", encodePayload({ a: 1 }));
    stream.refuse("NO_EVENT", "not here", NOTHING);
    stream.accept(NOTHING);
    pair.clock.flush();
    const refusal = isTroupeError("NO_EVENT", "not here");
    expect([use.events, use.errors]).toEqual([["begin", "closed"], [refusal]]);
    expect(use.errors[0]?.details).toEqual({ a: 1 });
    expect(wait.outcomes).toEqual([refusal]);
    expect([there.events, signal.aborted]).toEqual([["begin", "closed"], false]);
    expectIdle(pair);
  });

  test.each([
    ["abort", "LIMIT"],
    ["stop", "LIMIT"],
    ["abort", "CANCELLED"],
    ["stop", "CANCELLED"],
  ] as const)("is refused by giving up either half of it: %s for %s", (deed, code) => {
    const pair = openPair();
    const { use, wait } = open(pair.dialer, "duplex");
    pair.clock.flush();
    taken(pair.responder).use.end[deed](new TroupeError(code, "not today"));
    pair.clock.flush();
    const reason = isTroupeError(code, "not today");
    expect([use.events, use.errors]).toEqual([["begin", "closed"], [reason]]);
    expect(wait.outcomes).toEqual([reason]);
    expectIdle(pair);
  });

  test("may be given up by its opener, one half after the other", () => {
    const pair = openPair();
    const { use, end, wait } = open(pair.dialer, "duplex");
    end.write(counted(10));
    pair.clock.flush();
    const { stream, use: there } = taken(pair.responder);
    end.abort(ENOUGH);
    pair.clock.flush();
    expect([there.events, stream.signal.aborted]).toEqual([["begin", "failed"], false]);
    end.stop(ENOUGH);
    pair.clock.flush();
    expect(there.events).toEqual(["begin", "failed", "stopped"]);
    expect([stream.signal.aborted, wait.outcomes]).toEqual([true, ["over"]]);
    stream.accept(NOTHING);
    there.end.write(counted(3));
    expect(use.events).toEqual(["begin"]);
    expectIdle(pair);
  });

  test("may be taken with the half that is left", () => {
    const pair = openPair();
    const { use, end } = open(pair.dialer, "duplex");
    end.abort(ENOUGH);
    pair.clock.flush();
    const { use: there } = taken(pair.responder);
    there.end.write(counted(4));
    there.end.end();
    pair.clock.flush();
    expect([use.events, there.events]).toEqual([["begin", "data", "ended"], ["begin"]]);
    expectIdle(pair);
  });

  test("may be given up while its answer is on its way, whatever that is", () => {
    for (const deed of ["accept", "refuse"] as const) {
      const pair = openPair();
      const { use, end } = open(pair.dialer, "duplex");
      pair.clock.flush();
      const { stream, use: there } = taken(pair.responder);
      if (deed === "accept") {
        stream.accept(NOTHING);
        there.end.write(counted(100));
      } else stream.refuse("REJECTED", "no", NOTHING);
      end.abort(ENOUGH);
      end.stop(ENOUGH);
      // The number of the one that was given up is used again before its answer is there.
      open(pair.dialer, "writable").end.end();
      pair.clock.flush();
      expect(use.events).toEqual(["begin"]);
      taken(pair.responder).use.end.demand();
      expectIdle(pair);
    }
  });

  test("tells who comes to use it too late", () => {
    const pair = openPair();
    const { end } = open(pair.dialer, "writable");
    pair.clock.flush();
    end.abort(ENOUGH);
    pair.clock.flush();
    expect(taken(pair.responder).use.events).toEqual(["begin", "closed"]);
    expectIdle(pair);
  });

  test("waits no longer than its opener does", () => {
    const pair = openPair();
    const { clock, dialer, responder } = pair;
    dialer.connection.stream(new Wait(), new Use(), "duplex", NAME, 250, { k: "v" }, NOTHING);
    clock.flush();
    clock.tick(100);
    const [stream] = responder.owner.streams;
    expect([stream?.timeLeft, stream?.metadata]).toEqual([150, { k: "v" }]);
  });

  test("because there are too many, is refused where it is opened", () => {
    const { clock, end, stranger } = reached({ limits: { streams: 5 } });
    stranger.say(hello({ streams: 2 }), roles);
    clock.flush();
    open(end, "duplex");
    open(end, "readable");
    const refused = isTroupeError("OVERLOADED", "2 streams are open to this unit");
    expect(() => open(end, "writable")).toThrow(refused);
    stranger.say(["refuse", 1, "REJECTED", "", NOTHING]);
    clock.flush();
    open(end, "writable");
    expect(stranger.heard.frames.length).toBeGreaterThan(0);
    clock.flush();
    expect(stranger.heard.frames.at(-1)?.[1]).toBe(2 * 65_536);
  });

  test("because it cannot be written, leaves nothing behind", () => {
    const { clock, end, stranger } = reached({ limits: { messageBytes: 100 } });
    stranger.say(hello(), roles);
    clock.flush();
    expect(() => open(end, "duplex", new Use(), zeros(101))).toThrow(isTroupeError("BAD_PAYLOAD"));
    expect(end.connection.load).toBe(0);
    const { end: first } = open(end, "duplex");
    clock.flush();
    expect(stranger.heard.frames.at(-1)?.[1]).toBe(0);
    first.abort(ENOUGH);
    first.stop(ENOUGH);
    expect(() => open(end, "duplex", new Use(), zeros(101))).toThrow(isTroupeError("BAD_PAYLOAD"));
    open(end, "duplex");
    clock.flush();
    expect(stranger.heard.frames.at(-1)?.[1]).toBe(2 * 65_536);
  });

  test("because the connection is gone, is none", () => {
    const { end } = acquainted();
    const use = new Use();
    end.connection.abort(new TroupeError("CLOSED", "gone"));
    expect(() => open(end, "duplex", use)).toThrow(isTroupeError("CLOSED", "gone"));
    expect([use.events, end.connection.load]).toEqual([[], 0]);
  });

  test("whose first bytes find that the connection is gone, ends once and hears nothing else", () => {
    const { clock, end, stranger } = acquainted({ crypto: failing(40_000) });
    const { use } = open(end, "writable");
    expect(use.end.write(zeros(60_000))).toBe(false);
    stranger.say(["accept", 1, FIRST, NOTHING]);
    clock.flush();
    expect(use.events).toEqual(["begin", "closed"]);
  });

  test("because sending finds that the connection is gone, is none, and those before it end", () => {
    const { clock, end } = acquainted({ crypto: failing(100_000) });
    const { use: before } = open(end, "duplex");
    clock.flush();
    const use = new Use();
    expect(() => open(end, "duplex", use, zeros(100_001))).toThrow(isTroupeError("PROTOCOL"));
    expect([before.events, use.events, end.connection.load]).toEqual([["begin", "closed"], [], 0]);
  });
});
