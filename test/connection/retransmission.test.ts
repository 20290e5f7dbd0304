import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EMPTY } from "../../src/bytes/bytes.ts";
import { borrowWriter, returnWriter } from "../../src/bytes/spare-writers.ts";
import type { Writer } from "../../src/bytes/writer.ts";
import { RetransmissionQueue } from "../../src/connection/native/retransmission.ts";
import { heldByAll } from "./resume-support.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

/** Bytes of one buffer at most, so far as they were acknowledged, may stay because of what is behind them. */
const SLACK = 16 * 1024;

const PATTERN = Uint8Array.from({ length: 251 + 100_000 }, (_, i) => i % 251);

/** Bytes that differ from record to record. */
const bytesOf = (number: number, length: number): Uint8Array =>
  PATTERN.subarray((7 * number) % 251, ((7 * number) % 251) + length);

/** Whoever else uses the spare buffers writes over what is in them. */
function scribble(): void {
  const writers = Array.from({ length: 4 }, () => borrowWriter());
  for (const writer of writers)
    writer.bytes(new Uint8Array(Math.max(writer.capacity, 2000)).fill(255));
  for (const writer of writers) returnWriter(writer);
}

/** A queue, and the plain list of what it has to hold. */
class Held {
  readonly queue: RetransmissionQueue;
  readonly #own: number;
  readonly #all: number;
  readonly #records = new Map<number, Uint8Array>();
  #next = 0;
  #first = 0;
  #stopped = false;
  #busy: { readonly writer: Writer; readonly start: number } | undefined;
  /** Whether something has happened since the last acknowledgement that leaves some of it to the next one. */
  #untidy = false;

  constructor(own: number, all: number) {
    this.#own = own;
    this.#all = all;
    this.queue = new RetransmissionQueue({ own, all });
  }

  /** Begins a record, as the first frame of a tick does. */
  begin(): Writer {
    if (this.#busy === undefined) {
      const writer = this.queue.writer();
      this.#busy = { writer, start: writer.length };
    }
    return this.#busy.writer;
  }

  /** A record of so many bytes leaves. */
  leave(length: number): void {
    const writer = this.begin();
    writer.bytes(bytesOf(this.#next, length));
    const { start } = this.#busy ?? { start: 0 };
    const whole = writer.length - start;
    const fits =
      !this.#stopped && this.queue.bytes + whole <= this.#own && heldByAll() + whole <= this.#all;
    if (!fits) this.#records.clear();
    else this.#records.set(this.#next, writer.view(start).slice());
    this.#next++;
    if (!fits) this.#first = this.#next;
    this.#busy = undefined;
    if (!this.queue.take(writer, start)) returnWriter(writer);
  }

  /** One that does not count leaves. */
  leaveUncounted(length: number): void {
    const writer = this.begin();
    writer.bytes(new Uint8Array(length).fill(254));
    if (this.#busy?.start === 0) returnWriter(writer);
    this.#busy = undefined;
    this.queue.tidy(undefined);
    this.#untidy = false;
  }

  acknowledge(share: number): void {
    const records = Math.floor(share * (this.#next + 1));
    this.queue.acknowledged(records, this.#busy?.writer);
    if (records >= this.#first) this.#untidy = this.#busy !== undefined;
    this.#first = Math.max(this.#first, records);
    for (const number of this.#records.keys()) if (number < records) this.#records.delete(number);
  }

  stop(): void {
    this.queue.stop(this.#busy?.writer);
    this.#stopped = true;
    this.#first = this.#next;
    this.#records.clear();
  }

  check(): void {
    const { queue } = this;
    expect([queue.next, queue.first]).toEqual([this.#next, this.#first]);
    const records = [...this.#records.values()];
    for (const skipped of [0, 1, records.length]) {
      const again = [...queue.from(this.#first + skipped)];
      expect(again.length).toBe(Math.max(0, records.length - skipped));
      for (const [i, record] of again.entries())
        expect(Buffer.compare(record, records[skipped + i] ?? EMPTY)).toBe(0);
    }
    const bytes = records.reduce((sum, { length }) => sum + length, 0);
    expect(queue.bytes).toBeGreaterThanOrEqual(bytes);
    expect(queue.bytes).toBeLessThanOrEqual(this.#own);
    if (!this.#untidy) expect(queue.bytes - bytes).toBeLessThan(SLACK);
    if (records.length === 0 && this.#busy === undefined && !this.#untidy)
      expect(queue.bytes).toBe(0);
  }
}

const size = fc.oneof(fc.nat(40), fc.nat(2000), fc.nat(70_000), fc.constantFrom(1023, 1024, 1025));
const deed = fc.oneof(
  { weight: 8, arbitrary: fc.record({ leave: size }) },
  { weight: 2, arbitrary: fc.record({ uncounted: fc.integer({ min: 1, max: 3000 }) }) },
  { weight: 2, arbitrary: fc.record({ begin: fc.integer({ min: 1, max: 3000 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      acknowledged: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ stop: true }) },
);

interface Deed {
  readonly leave?: number;
  readonly uncounted?: number;
  readonly begin?: number;
  readonly acknowledged?: number;
  readonly stop?: boolean;
}

function act(held: Held, { leave, uncounted, begin, acknowledged, stop }: Deed): void {
  if (leave !== undefined) held.leave(leave);
  if (uncounted !== undefined) held.leaveUncounted(uncounted);
  if (begin !== undefined) held.begin().bytes(new Uint8Array(begin).fill(253));
  if (acknowledged !== undefined) held.acknowledge(acknowledged);
  if (stop === true) held.stop();
}

describe("what may have to leave again", () => {
  test("is held byte by byte, in order, and within the limits, whoever else uses the buffers", () => {
    const before = heldByAll();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(1), deed), { minLength: 10, maxLength: 50 }),
        fc.constantFrom(3000, 100_000, 1_000_000),
        (deeds, own) => {
          const both = [0, 1].map(() => new Held(own, before + 1.5 * own));
          for (const [which, one] of deeds) {
            const held = both[which];
            if (held !== undefined) act(held, one);
            scribble();
            for (const one of both) one.check();
            expect(heldByAll()).toBe(
              before + both.reduce((sum, { queue }) => sum + queue.bytes, 0),
            );
          }
          for (const held of both) held.stop();
          expect(heldByAll()).toBe(before);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("is let go of as it is acknowledged", () => {
    const held = new Held(1e6, 1e6);
    for (let i = 0; i < 100; i++) held.leave(5000);
    expect(held.queue.bytes).toBe(500_000);
    held.queue.acknowledged(50, undefined);
    expect(held.queue.bytes).toBeLessThan(250_000 + SLACK);
    expect([...held.queue.from(50)].length).toBe(50);
    held.queue.acknowledged(100, undefined);
    expect(held.queue.bytes).toBe(0);
    held.stop();
  });

  test("is no more for an acknowledgement of less than the last one", () => {
    const held = new Held(1e6, 1e6);
    for (let i = 0; i < 10; i++) held.leave(100);
    held.queue.acknowledged(5, undefined);
    held.queue.acknowledged(3, undefined);
    expect(held.queue.first).toBe(5);
    held.stop();
  });

  test("does not keep a large buffer for one small record", () => {
    const queue = new RetransmissionQueue({ own: 1e6, all: 1e6 });
    const writer = queue.writer();
    writer.bytes(bytesOf(1, 1024));
    expect(queue.take(writer, 0)).toBe(false);
    expect(queue.writer()).not.toBe(writer);
    writer.clear();
    writer.bytes(new Uint8Array(1024).fill(255));
    expect([...queue.from(0)]).toEqual([bytesOf(1, 1024)]);
    queue.stop(undefined);
  });

  test("is what a record is beyond the limits, and all before it, no more; what comes then is", () => {
    const held = new Held(10_000, 1e6);
    held.leave(6000);
    held.leave(6000);
    expect([held.queue.first, held.queue.bytes]).toEqual([2, 0]);
    held.leave(10_000);
    expect([held.queue.first, held.queue.bytes]).toEqual([2, 10_000]);
    held.check();
    held.stop();
  });

  test("is bounded for all connections together, at the cost of the one that sends", () => {
    const before = heldByAll();
    const [one, other] = [new Held(1e6, before + 10_000), new Held(1e6, before + 10_000)];
    one.leave(6000);
    other.leave(4000);
    other.leave(1);
    expect([one.queue.bytes, other.queue.bytes]).toEqual([6000, 0]);
    one.check();
    one.stop();
    other.leave(10_000);
    expect(other.queue.bytes).toBe(10_000);
    other.stop();
  });

  test("is let go of behind a record that did not count, when its buffer was busy with that one", () => {
    const held = new Held(1e6, 1e6);
    held.leave(2000);
    held.begin();
    held.queue.acknowledged(1, held.begin());
    expect(held.queue.bytes).toBe(2000);
    held.leaveUncounted(3);
    expect(held.queue.bytes).toBe(0);
  });

  test("is nothing from the stop on", () => {
    const before = heldByAll();
    const held = new Held(1e6, 1e6);
    held.leave(2000);
    held.stop();
    held.leave(2000);
    expect([held.queue.next, held.queue.first, held.queue.bytes]).toEqual([2, 2, 0]);
    expect(heldByAll()).toBe(before);
  });
});
