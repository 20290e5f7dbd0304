import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryPair } from "../../src/channel/memory.ts";
import type { IncomingStream, StreamKind } from "../../src/connection/stream.ts";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { isTroupeError } from "../support/errors.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { KIB, Wait } from "./streams-support.ts";
import { Talker } from "./streams-talker.ts";
import { End, NAME, NOTHING } from "./support.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

const STREAMS = 6;
const BUDGET = 700 * KIB;
const KINDS: readonly StreamKind[] = ["readable", "writable", "duplex"];
const ENOUGH = new TroupeError("REJECTED", "enough");

/** Two ends whose messages arrive when the test says so, each direction in order and at its own pace. */
class Pair {
  readonly clock: VirtualClock = new VirtualClock();
  readonly ends: readonly [Side, Side];
  readonly #steps: (() => void)[] = [];

  constructor() {
    const deliver = (step: () => void): void => void this.#steps.push(step);
    const [near, far] = memoryPair({ limits: { highWater: 64 * KIB }, deliver });
    const limits = { streams: STREAMS, streamBuffer: BUDGET };
    const dialer = new End(near, "dialer", this.clock, { limits });
    const responder = new End(far, "responder", this.clock, { limits });
    this.ends = [new Side(dialer), new Side(responder)];
    this.settle();
  }

  /** The end of a tick. */
  flush(): void {
    this.clock.flush();
  }

  /** One of the messages on their way arrives. */
  deliver(which: number): void {
    const [step] = this.#steps.splice(which % Math.max(this.#steps.length, 1), 1);
    step?.();
  }

  settle(): void {
    this.flush();
    while (this.#steps.length > 0) {
      this.deliver(0);
      this.flush();
    }
  }
}

/** One side: its end of the connection, and all who use streams on it. */
class Side {
  readonly end: End;
  readonly talkers: Talker[] = [];
  readonly asked: { stream: IncomingStream; talker: Talker }[] = [];

  constructor(end: End) {
    this.end = end;
    end.owner.onWork = () => {
      const stream = end.owner.streams.at(-1);
      if (stream === undefined) return;
      const talker = new Talker(FLIPPED[stream.kind]);
      stream.use(talker);
      this.talkers.push(talker);
      this.asked.push({ stream, talker });
      // Both ends of a stream have one number here, by which a test finds the other end.
      talker.partner = Number(new TextDecoder().decode(stream.payload.bytes));
    };
  }

  /** @returns false when there are too many */
  open(kind: StreamKind): boolean {
    const talker = new Talker(kind);
    try {
      const number = encodePayload(String(talker.number));
      this.end.connection.stream(new Wait(), talker, kind, NAME, 0, undefined, number);
      this.talkers.push(talker);
      return true;
    } catch (thrown) {
      expect(thrown).toEqual(isTroupeError("OVERLOADED"));
      return false;
    }
  }
}

/** What a stream is to the side that did not open it. */
const FLIPPED: Readonly<Record<StreamKind, StreamKind>> = {
  readable: "writable",
  writable: "readable",
  duplex: "duplex",
};

/** What may be done to a pair: by which side, what, to which stream, how much. */
type Deed = readonly [side: 0 | 1, what: number, which: number, bytes: number];
const deed: fc.Arbitrary<Deed> = fc.tuple(
  fc.constantFrom<0 | 1>(0, 1),
  fc.nat(99),
  fc.nat(20),
  fc.oneof(fc.nat(40), fc.nat(100 * KIB), fc.nat(700 * KIB)),
);

function act(pair: Pair, [which, what, at, bytes]: Deed): void {
  const side = pair.ends[which];
  const talker = side.talkers.at(-1 - (at % Math.max(1, Math.min(side.talkers.length, 8))));
  const { stream } = side.asked.at(-1 - (at % 3)) ?? {};
  if (what < 18) side.open(KINDS[at % 3] ?? "duplex");
  else if (what < 40) talker?.write(bytes);
  else if (what < 46) talker?.finish();
  else if (what < 49) talker?.abort(ENOUGH);
  else if (what < 52) talker?.stop(ENOUGH);
  else if (what < 58) talker?.end.demand();
  else if (what < 68) talker?.read(bytes);
  else if (what < 72) stream?.accept(NOTHING);
  else if (what < 74) stream?.refuse("REJECTED", "no", NOTHING);
  else if (what < 80) pair.flush();
  else pair.deliver(at);
}

/** Brings all halves of both sides to an end, however they stand. */
function finish(pair: Pair): void {
  pair.settle();
  const everybody = pair.ends.flatMap(({ talkers }) => talkers);
  for (const talker of everybody) talker.finish();
  for (const { asked } of pair.ends) for (const { stream } of asked) stream.accept(NOTHING);
  let read = -1;
  for (let now = 0; now > read; pair.settle()) {
    read = now;
    for (const talker of everybody) talker.read(Number.POSITIVE_INFINITY);
    now = everybody.reduce((sum, { heard }) => sum + heard, 1);
  }
}

/** Nothing is held any more: all slots and all bytes that may be promised are there again. */
function expectNothingLeft(pair: Pair): void {
  for (const [i, side] of pair.ends.entries()) {
    const other = pair.ends[1 - i];
    expect([side.end.connection.open, side.end.connection.load]).toEqual([true, 0]);
    expect(side.end.owner.reason).toBeUndefined();
    const { size } = side.end.connection.streams;
    const promised = side.end.connection.streams.claim(Number.POSITIVE_INFINITY);
    side.end.connection.streams.release(promised);
    expect([size, promised]).toEqual([0, BUDGET]);
    // Were one still counted as unread, the other side would not be taken for so many.
    const before = side.asked.length;
    for (let n = 0; n < STREAMS; n++) other?.open("writable");
    pair.settle();
    expect(side.asked.length - before).toBe(STREAMS);
    for (const talker of other?.talkers.slice(-STREAMS) ?? []) talker.abort(ENOUGH);
    pair.settle();
  }
}

/** Who wrote and who read agree: every byte once, in order, and all of them unless the half failed. */
function expectAgreement(pair: Pair): number {
  let compared = 0;
  for (const [i, { asked }] of pair.ends.entries()) {
    const openers = new Map(pair.ends[1 - i]?.talkers.map((talker) => [talker.number, talker]));
    for (const { talker } of asked) {
      const opener = openers.get(talker.partner);
      if (opener === undefined) throw new Error("nobody opened this");
      for (const [writer, reader] of [
        [opener, talker],
        [talker, opener],
      ] as const) {
        expect(reader.heard).toBeLessThanOrEqual(writer.written);
        if (reader.events.includes("ended")) {
          compared++;
          expect([reader.heard, writer.finished]).toEqual([writer.written, true]);
        }
      }
    }
  }
  return compared;
}

describe("whatever two sides do with streams, in whatever order it arrives", () => {
  test("neither takes the other for a breacher, every byte arrives once and in order, and nothing is left", () => {
    let whole = 0;
    fc.assert(
      fc.property(fc.array(deed, { minLength: 20, maxLength: 220, size: "max" }), (deeds) => {
        const pair = new Pair();
        for (const one of deeds) act(pair, one);
        finish(pair);
        whole += expectAgreement(pair);
        for (const { talkers } of pair.ends)
          for (const talker of talkers) talker.expectWellFormed(true);
        expectNothingLeft(pair);
      }),
      { numRuns: 70 },
    );
    expect(whole).toBeGreaterThan(200);
  });

  test("a cut ends each half that is not over, once, and nothing else", () => {
    fc.assert(
      fc.property(
        fc.array(deed, { minLength: 5, maxLength: 80 }),
        fc.boolean(),
        (deeds, politely) => {
          const pair = new Pair();
          for (const one of deeds) act(pair, one);
          const { connection } = pair.ends[0].end;
          if (politely) connection.close(ENOUGH);
          else connection.abort(ENOUGH);
          pair.settle();
          for (const { end, talkers } of pair.ends) {
            expect([end.connection.open, end.connection.load]).toEqual([false, 0]);
            for (const talker of talkers) {
              talker.expectWellFormed(true);
              talker.write(10);
              talker.read(Number.POSITIVE_INFINITY);
              talker.finish();
              talker.stop(ENOUGH);
              talker.expectWellFormed(true);
            }
            expect(end.owner.events.slice(-2)).toEqual(["closed", "gone"]);
          }
          expectAgreement(pair);
        },
      ),
      { numRuns: 100 },
    );
  });
});

/** Nobody wants these any more; some have written all. */
function giveUp(talkers: readonly Talker[], whole: boolean): void {
  for (const talker of talkers) {
    if (whole) talker.finish();
    else talker.abort(ENOUGH);
    talker.stop(ENOUGH);
  }
}

/** A little of this and that with the latest streams. */
function touch({ talkers }: Side, dice: number, bytes: number): void {
  talkers.at(-1)?.write(bytes);
  if (dice % 5 === 0) talkers.at(-2)?.finish();
  if (dice % 4 === 0) talkers.at(-1)?.end.demand();
}

test("10,000 streams that are opened and given up at random leave nothing behind", () => {
  const pair = new Pair();
  const numbers = fc.sample(fc.tuple(fc.nat(999), fc.nat(2000)), { numRuns: 20_000, seed: 7 });
  let opened = 0;
  for (const [dice, bytes] of numbers) {
    const side = pair.ends[(dice & 1) as 0 | 1];
    if (opened < 10_000 && side.open(KINDS[dice % 3] ?? "duplex")) opened++;
    giveUp(side.talkers.splice(0, side.talkers.length - 5), dice % 7 === 0);
    touch(side, dice, bytes);
    if (dice % 11 === 0) pair.deliver(dice);
    if (dice % 3 === 0) pair.settle();
  }
  for (const { talkers } of pair.ends) giveUp(talkers, false);
  pair.settle();
  expect(opened).toBe(10_000);
  expectNothingLeft(pair);
});
