import { describe, expect, test } from "vitest";
import {
  type OpeningFrames,
  Streams,
  type StreamsHost,
} from "../../src/connection/native/streams.ts";
import type { IncomingStream } from "../../src/connection/stream.ts";
import type { Frame } from "../frame/support.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { ENOUGH, FIRST, KIB, open, TURN, taken, Use, Wait, zeros } from "./streams-support.ts";
import { acquainted, NAME, NOTHING, openPair } from "./support.ts";

/** Streams on no wire: what they send is counted, and it is congested after so many bytes. */
class Bench implements OpeningFrames, StreamsHost {
  readonly streams: Streams;
  /** Bytes of each stream, by number. */
  readonly sent: Map<number, number> = new Map();
  readonly order: number[] = [];
  readonly incoming: IncomingStream[] = [];
  #asked = 0;
  /** Bytes that may leave until it is congested. */
  room = 0;

  constructor(limit = 4096) {
    this.streams = new Streams(this, this, new VirtualClock(), limit, limit, 64 * 1024 * KIB);
  }

  probe(): void {}

  get congested(): boolean {
    return this.room <= 0;
  }
  /** So many bytes may leave now. */
  drain(bytes: number): void {
    this.room = bytes;
    this.streams.run();
  }
  data(stream: number, { length }: Uint8Array): void {
    this.room -= length;
    this.sent.set(stream, (this.sent.get(stream) ?? 0) + length);
    this.order.push(stream);
  }
  /** A stream that this side writes, taken with so much credit. */
  writer(credit: number, use: Use = new Use()): Use {
    const { streams } = this;
    streams.open(new Wait(), use, "writable", NAME, 0, undefined, NOTHING);
    streams.accepted(this.#asked + 1, credit, NOTHING);
    return use;
  }
  asked(stream: IncomingStream): void {
    this.incoming.push(stream);
  }
  settled(): void {}
  open(stream: number): void {
    this.#asked = stream;
  }
  accept(): void {}
  refuse(): void {}
  end(): void {}
  reset(): void {}
  credit(): void {}
}

describe("streams that have something to send", () => {
  test("take turns: of 1,000 none is more than one turn ahead of any other, at any moment", () => {
    const bench = new Bench();
    const bulk = zeros(4 * TURN);
    for (let i = 0; i < 1000; i++) bench.writer(3 * TURN).end.write(bulk);
    for (let i = 0; i < 1000; i++) bench.sent.set(2 * i, 0);
    const rounds: number[] = [];
    while (bench.room <= 0 && rounds.length < 1000) {
      bench.drain(7 * TURN + 1);
      const counts = [...bench.sent.values()];
      rounds.push(Math.max(...counts) - Math.min(...counts));
    }
    expect(Math.max(...rounds)).toBe(TURN);
    expect(new Set(bench.sent.values())).toEqual(new Set([3 * TURN]));
    expect(bench.order.slice(0, 1000)).toEqual(Array.from({ length: 1000 }, (_, i) => 2 * i));
  });

  test("wait for no stream that lacks credit", () => {
    const bench = new Bench();
    bench.room = Number.POSITIVE_INFINITY;
    bench.writer(0).end.write(zeros(100));
    bench.writer(30).end.write(zeros(100));
    bench.writer(200).end.write(zeros(100));
    expect([...bench.sent]).toEqual([
      [2, 30],
      [4, 100],
    ]);
    bench.streams.find(1)?.granted(60);
    expect(bench.sent.get(0)).toBe(60);
  });

  test("wait while it is congested, each in the place it had", () => {
    const bench = new Bench();
    const uses = [0, 1, 2].map(() => bench.writer(4 * TURN));
    for (const { end } of uses) expect(end.write(zeros(2 * TURN))).toBe(false);
    expect(bench.order).toEqual([]);
    bench.drain(1);
    bench.drain(1);
    uses[0]?.end.end();
    bench.drain(4 * TURN);
    expect(bench.order).toEqual([0, 2, 4, 0, 2, 4]);
    expect(uses.map(({ events }) => events.at(-1))).toEqual(["flushed", "flushed", "flushed"]);
  });

  test("and are over before their turn comes are not kept for it", () => {
    const bench = new Bench();
    const uses = Array.from({ length: 9 }, () => bench.writer(TURN));
    for (const { end } of uses) end.write(zeros(10));
    for (const i of [4, 0, 8, 5]) uses[i]?.end.abort(ENOUGH);
    uses[4]?.end.write(zeros(10));
    bench.drain(Number.POSITIVE_INFINITY);
    expect(bench.order).toEqual([2, 4, 6, 12, 14]);
    // All of them at once, and then another one.
    bench.room = 0;
    const [left] = [bench.streams.find(3)];
    for (const { end } of uses) end.write(zeros(10));
    expect(left?.queued).toBe(true);
    for (const { end } of uses) end.abort(ENOUGH);
    expect([left?.queued, bench.streams.size]).toEqual([false, 0]);
    bench.drain(Number.POSITIVE_INFINITY);
    bench.writer(5).end.write(zeros(10));
    expect(bench.order.length).toBe(6);
  });

  test("may write, end and fail from within their turn, and others too", () => {
    const bench = new Bench();
    const uses = [0, 1, 2, 3].map(() => bench.writer(FIRST));
    const [first, second, third] = uses;
    if (first === undefined || second === undefined || third === undefined) return;
    for (const { end } of uses) end.write(zeros(10));
    first.onFlushed = () => {
      second.end.abort(ENOUGH);
      third.end.end();
      if (first.events.length < 5) first.end.write(zeros(10));
    };
    bench.drain(Number.POSITIVE_INFINITY);
    expect(bench.order).toEqual([0, 4, 6, 0, 0, 0]);
    expect(uses.map(({ events }) => events.length)).toEqual([5, 1, 2, 2]);
  });
});

describe("on a connection", () => {
  test("bulk stops at what is congested, and goes on when that has left", () => {
    const pair = openPair();
    const { use, end } = open(pair.dialer, "writable");
    end.write(zeros(FIRST));
    pair.clock.flush();
    const { use: reader } = taken(pair.responder, new Use(true));
    reader.end.demand();
    pair.clock.flush();
    expect([reader.count, use.events]).toEqual([FIRST, ["begin", "flushed"]]);
    expect(end.write(zeros(FIRST / 2))).toBe(false);
    expect(pair.dialer.connection.congested).toBe(true);
    expect(pair.dialer.connection.buffered).toBeLessThan((64 + 48) * KIB + TURN);
    pair.clock.flush();
    expect([reader.count, pair.dialer.connection.congested]).toEqual([FIRST * 1.5, false]);
    expect(pair.dialer.owner.events).toContain("drained");
  });

  const bytesBefore = (frames: readonly Frame[], kind: Frame[0]): number => {
    const until = frames.findIndex((frame) => frame[0] === kind);
    return frames
      .slice(0, until)
      .reduce((sum, frame) => sum + (frame[0] === "data" ? frame[2].length : 0), 0);
  };

  test("a request leaves behind what bulk has handed to the channel, and nothing else of it", () => {
    const { clock, end, stranger } = acquainted();
    const streams = Array.from({ length: 20 }, () => open(end, "writable"));
    stranger.say(...streams.map((_, i): Frame => ["accept", 2 * i + 1, 100 * TURN, NOTHING]));
    clock.flush();
    for (const stream of streams) stream.end.write(zeros(2 * TURN));
    const handedOver = end.connection.buffered;
    end.ask();
    clock.flush();
    const { frames } = stranger.heard;
    const before = bytesBefore(frames, "request");
    expect([before % TURN, before > 0, before < handedOver]).toEqual([0, true, true]);
    expect(handedOver).toBeLessThan((64 + 48) * KIB + TURN);
    expect(frames.filter(([kind]) => kind === "data").length).toBe(40);
  });

  test("a request leaves behind one record of many little streams beyond that, at most", () => {
    const { clock, end, stranger } = acquainted();
    const streams = Array.from({ length: 900 }, () => open(end, "writable"));
    stranger.say(...streams.map((_, i): Frame => ["accept", 2 * i + 1, FIRST, NOTHING]));
    clock.flush();
    for (const stream of streams) stream.end.write(zeros(500));
    end.ask();
    clock.flush();
    const before = bytesBefore(stranger.heard.frames, "request");
    expect(before).toBeGreaterThan(500);
    expect(before).toBeLessThan((64 + 48) * KIB);
  });
});
