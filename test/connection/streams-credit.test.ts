import { describe, expect, test } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import type { Frame } from "../frame/support.ts";
import { isTroupeError } from "../support/errors.ts";
import {
  ENOUGH,
  expectIdle,
  FIRST,
  KIB,
  open,
  opens,
  SMALL,
  TURN,
  taken,
  Use,
  zeros,
} from "./streams-support.ts";
import { acquainted, type End, NOTHING, openPair } from "./support.ts";

type Met = ReturnType<typeof acquainted>;

const accept = (id: number, credit = 0): Frame => ["accept", id, credit, NOTHING];
const data = (id: number, length: number): Frame => ["data", id, zeros(length)];

/** What a stranger has been granted by OPEN, ACCEPT and CREDIT, in order. */
const grants = ({ stranger }: Met): number[] =>
  stranger.heard.frames.flatMap((frame) => {
    if (frame[0] === "open") return [frame[5]];
    return frame[0] === "accept" || frame[0] === "credit" ? [frame[2]] : [];
  });

/** Bytes that a stranger has heard of a stream. */
const bytesOf = ({ stranger }: Met, id: number): number =>
  stranger.heard.frames.reduce(
    (sum, frame) => sum + (frame[0] === "data" && frame[1] === id ? frame[2].length : 0),
    0,
  );

function say(all: Met, ...frames: readonly Frame[]): void {
  all.stranger.say(...frames);
  all.clock.flush();
}

describe("who writes", () => {
  test("sends what it was granted, and not a byte more", () => {
    const all = acquainted();
    const { use, end } = open(all.end, "writable");
    expect(end.write(zeros(1000))).toBe(false);
    const sent: number[] = [];
    for (const frame of [
      accept(1, 10),
      ["credit", 1, 0],
      ["credit", 1, 500],
      ["credit", 1, 490],
    ] as const) {
      say(all, frame);
      sent.push(bytesOf(all, 0));
    }
    expect([sent, use.events]).toEqual([
      [10, 10, 510, 1000],
      ["begin", "flushed"],
    ]);
    expect(end.write(zeros(1))).toBe(false);
    end.end();
    all.clock.flush();
    expect(all.stranger.kinds.at(-1)).toBe("data");
    say(all, ["credit", 1, 1]);
    expect(all.stranger.kinds.slice(-2)).toEqual(["data", "end"]);
  });

  test("needs no credit to end", () => {
    const all = acquainted();
    const { end } = open(all.end, "writable");
    end.end();
    say(all, accept(1, 0));
    expect(all.stranger.kinds.at(-1)).toBe("end");
  });

  test("may use what came before it took the stream", () => {
    const all = acquainted();
    say(all, opens(0, 1, 5), ["credit", 0, 5]);
    taken(all.end).use.end.write(zeros(20));
    all.clock.flush();
    expect(bytesOf(all, 1)).toBe(10);
  });

  test("cuts what it sends into turns", () => {
    const all = acquainted();
    const { end } = open(all.end, "writable");
    end.write(zeros(2 * TURN + 1));
    say(all, accept(1, 4 * TURN));
    const sent = all.stranger.heard.frames.filter(([kind]) => kind === "data");
    expect(sent.map((frame) => (frame[2] as Uint8Array).length)).toEqual([TURN, TURN, 1]);
  });
});

describe("who reads", () => {
  test("grants 384 KiB at first, and what was read by the half of it", () => {
    const all = acquainted();
    const { use, end } = open(all.end, "readable");
    say(all, accept(1), data(1, FIRST));
    expect([use.count, grants(all)]).toEqual([FIRST, [FIRST]]);
    end.read(FIRST / 2 - 1);
    all.clock.flush();
    expect(grants(all)).toEqual([FIRST]);
    end.read(1);
    end.read(FIRST / 2);
    all.clock.flush();
    expect(grants(all)).toEqual([FIRST, FIRST / 2, FIRST / 2]);
  });

  test("who is far grants more when that was used within two round trips", () => {
    const all = acquainted();
    const pings = (): number[] =>
      all.stranger.heard.frames.flatMap(([kind, nonce]) => (kind === "ping" ? [nonce] : []));
    open(all.end, "readable", new Use(true));
    say(all, accept(1), data(1, FIRST / 2));
    // It asks how far that is, and is answered after 40 ms; the second answer says nothing.
    const probe = pings().at(-1) ?? 0;
    all.clock.tick(40);
    say(all, ["pong", probe], ["pong", probe]);
    say(all, data(1, FIRST / 2));
    all.clock.tick(81);
    say(all, data(1, FIRST));
    expect(grants(all)).toEqual([FIRST, FIRST / 2, FIRST / 2 + FIRST, FIRST]);
    expect(pings().length).toBe(3);
  });

  test("grants nothing more once nothing more comes", () => {
    const all = acquainted();
    const { use } = open(all.end, "duplex");
    say(all, accept(1), data(1, FIRST), ["end", 1]);
    use.end.read(FIRST);
    all.clock.flush();
    expect([grants(all), all.end.connection.load]).toEqual([[FIRST], 1]);
  });

  test("of a stream that the other side only reads grants nothing", () => {
    const all = acquainted();
    say(all, opens(0, 1));
    taken(all.end).stream.accept(NOTHING);
    open(all.end, "writable");
    all.clock.flush();
    expect(grants(all)).toEqual([0, 0]);
  });
});

describe("all streams of a connection", () => {
  test("are granted 64 MiB, and 16 KiB each beyond that", () => {
    const all = acquainted();
    for (let i = 0; i < 276; i++) open(all.end, "readable");
    all.clock.flush();
    const whole = Math.floor((64 * 1024 * KIB) / (FIRST - SMALL));
    const rest = 64 * 1024 * KIB - whole * (FIRST - SMALL) + SMALL;
    const expected = Array.from({ length: 276 }, (_, i) => (i < whole ? FIRST : SMALL));
    expected[whole] = rest;
    expect(grants(all)).toEqual(expected);
  });

  // One whole window and no more: who gets a second one only has been given the first one back.
  const tight = { limits: { streamBuffer: FIRST - SMALL } };
  const next = (all: Met): number | undefined => {
    open(all.end, "readable");
    all.clock.flush();
    return grants(all).at(-1);
  };

  test.each<[string, (all: Met, use: Use) => void]>([
    [
      "is read to its end",
      (all, use) => {
        say(all, accept(1), data(1, 9), ["end", 1]);
        use.end.read(9);
      },
    ],
    ["ends without a byte", (all) => say(all, accept(1), ["end", 1])],
    ["fails in the middle", (all) => say(all, accept(1), data(1, FIRST), ["reset", 1, 2, "X", ""])],
    [
      "is read no more",
      (all, use) => {
        say(all, accept(1), data(1, FIRST));
        use.end.stop(ENOUGH);
      },
    ],
    [
      "ends, and is not read to its end",
      (all, use) => {
        say(all, accept(1), data(1, FIRST), ["end", 1]);
        use.end.stop(ENOUGH);
      },
    ],
    ["is refused", (all) => say(all, ["refuse", 1, "X", "", NOTHING])],
    ["is given up before it is taken", (_, use) => use.end.stop(ENOUGH)],
  ])("get back what was granted to one that %s", (_, deed) => {
    const all = acquainted(tight);
    const { use } = open(all.end, "readable");
    deed(all, use);
    expect(next(all)).toBe(FIRST);
  });

  test.each<[string, (all: Met, use: Use) => void]>([
    [
      "is read to its end",
      (all, use) => {
        say(all, data(0, 9), ["end", 0]);
        use.end.read(9);
      },
    ],
    ["fails in the middle", (all) => say(all, data(0, FIRST), ["reset", 0, 2, "X", ""])],
    ["is read no more", (_, use) => use.end.stop(ENOUGH)],
    [
      "is failed by who took it",
      (all) => all.end.owner.streams[0]?.refuse("REJECTED", "", NOTHING),
    ],
  ])("get back what was granted to one of the other side's that %s", (_, deed) => {
    const all = acquainted(tight);
    say(all, opens(0, 3));
    const { use } = taken(all.end);
    use.end.demand();
    deed(all, use);
    expect(next(all)).toBe(FIRST);
  });

  test("do not get back what was granted for bytes that nobody has read, though their stream is over", () => {
    const all = acquainted(tight);
    const { use } = open(all.end, "readable");
    say(all, accept(1), data(1, FIRST), ["end", 1]);
    expect([all.end.connection.load, next(all)]).toEqual([0, SMALL]);
    use.end.read(FIRST);
    expect(next(all)).toBe(FIRST);
  });

  test("do not take reading one of ours that is over for room for one of theirs", () => {
    const all = acquainted({ limits: { streams: 1 } });
    const { use } = open(all.end, "readable");
    say(all, accept(1), data(1, 10), ["end", 1]);
    use.end.read(10);
    say(all, opens(0, 2));
    taken(all.end).stream.accept(NOTHING);
    // It is over, and not read: the only place is taken.
    say(all, data(0, 10), ["end", 0], opens(2 * 65_536));
    expect(all.end.owner.streams.length).toBe(1);
  });

  test("count one that was ended and then failed by who took it until it is read", () => {
    const all = acquainted({ limits: { streams: 1 } });
    say(all, opens(0, 3));
    const { stream, use } = taken(all.end);
    stream.accept(NOTHING);
    say(all, data(0, 10), ["end", 0]);
    stream.refuse("REJECTED", "", NOTHING);
    say(all, opens(2 * 65_536));
    expect(all.end.owner.streams.length).toBe(1);
    use.end.read(10);
    say(all, opens(4 * 65_536));
    expect(all.end.owner.streams.length).toBe(2);
  });
});

test("a reader that never reads costs its window, and stops nobody else", () => {
  const pair = openPair();
  const copy = (from: End, to: End, reader: Use): Use => {
    open(from, "writable").end.write(zeros(8 * FIRST));
    pair.clock.flush();
    const { use } = taken(to, reader);
    use.end.demand();
    pair.clock.flush();
    return use;
  };
  const lazy = copy(pair.dialer, pair.responder, new Use());
  const eager = copy(pair.dialer, pair.responder, new Use(true));
  expect([lazy.count, eager.count]).toEqual([FIRST, 8 * FIRST]);
  pair.dialer.connection.close(new TroupeError("CLOSED", "done"));
  pair.clock.flush();
  expect(lazy.errors).toEqual([isTroupeError("DISCONNECTED")]);
});

test("nothing is granted by who only looks: a demand before and after changes nothing", () => {
  const pair = openPair();
  const { use, end } = open(pair.dialer, "readable");
  end.demand();
  pair.clock.flush();
  const writer = taken(pair.responder).use;
  writer.end.write(zeros(3 * FIRST));
  end.demand();
  pair.clock.flush();
  expect(use.count).toBe(FIRST);
  end.stop(ENOUGH);
  expectIdle(pair);
});
