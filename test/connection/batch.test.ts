import { describe, expect, test } from "vitest";
import { Flusher } from "../../src/connection/flusher.ts";
import { Batch } from "../../src/connection/native/batch.ts";
import { RetransmissionQueue } from "../../src/connection/native/retransmission.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { decoded } from "../frame/support.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { NAME } from "./support.ts";

/** A batch and copies of its records. */
function batching(flusher?: Flusher): {
  clock: VirtualClock;
  batch: Batch;
  records: Uint8Array[];
} {
  const clock = new VirtualClock();
  const records: Uint8Array[] = [];
  const leave = (record: Uint8Array): void => void records.push(record.slice());
  return {
    clock,
    batch: new Batch(flusher ?? new Flusher(clock), { leaving: () => {}, leave }, holding()),
    records,
  };
}

const holding = (): RetransmissionQueue => new RetransmissionQueue({ own: 1e6, all: 1e6 });

function ping(batch: Batch, nonce: number): void {
  batch.begin().ping(nonce);
  batch.end();
}

function send(batch: Batch, bytes: number): void {
  batch.begin().message(NAME, undefined, encodePayload(new Uint8Array(bytes)));
  batch.end();
}

const nonces = (records: readonly Uint8Array[]): unknown[][] =>
  records.map((record) => decoded(record).frames.map((frame) => frame[1]));

describe("a batch", () => {
  test("sends all that is queued in one tick as one record, in order", () => {
    const { clock, batch, records } = batching();
    for (const nonce of [1, 2, 3]) ping(batch, nonce);
    expect([records.length, batch.length]).toEqual([0, 9]);
    clock.flush();
    ping(batch, 4);
    clock.flush();
    expect(nonces(records)).toEqual([[1, 2, 3], [4]]);
    expect(batch.length).toBe(0);
  });

  test("does not wait for the end of the tick once it is large, nor grows far beyond that", () => {
    const { clock, batch, records } = batching();
    for (let i = 0; i < 200; i++) send(batch, 1000);
    expect(records.length).toBeGreaterThan(2);
    clock.flush();
    const lengths = records.map(({ length }) => length);
    const last = lengths.pop() ?? 0;
    // 16 to 64 KiB: enough for one seal to be cheap, too little to keep what comes behind waiting.
    for (const length of lengths) {
      expect(length).toBeGreaterThanOrEqual(16_384);
      expect(length).toBeLessThan(65_536 + 1100);
    }
    expect(last).toBeLessThan(65_536);
    expect(decoded(...records).frames.length).toBe(200);
  });

  test("sends nothing when nothing was written", () => {
    const { clock, batch, records } = batching();
    batch.begin();
    batch.end();
    batch.flush();
    clock.flush();
    expect(records).toEqual([]);
  });

  test("shares its buffers with others and mixes nothing up", () => {
    const clock = new VirtualClock();
    const flusher = new Flusher(clock);
    const all = Array.from({ length: 100 }, () => batching(flusher));
    for (let round = 0; round < 3; round++) {
      for (const [i, { batch }] of all.entries()) ping(batch, 1000 * round + i);
      clock.flush();
    }
    for (const [i, { records }] of all.entries()) {
      expect(nonces(records)).toEqual([[i], [1000 + i], [2000 + i]]);
    }
  });

  test("leaves together with all others of the tick, in one turn", () => {
    let turns = 0;
    const clock = new VirtualClock();
    const counting = {
      now: () => clock.now(),
      after: (ms: number, run: () => void) => clock.after(ms, run),
      soon: (run: () => void) => {
        turns++;
        clock.soon(run);
      },
    };
    const flusher = new Flusher(counting);
    const all = Array.from({ length: 10 }, () => batching(flusher));
    for (const { batch } of all) ping(batch, 1);
    expect(turns).toBe(1);
    clock.flush();
    for (const { batch } of all) ping(batch, 2);
    expect(turns).toBe(2);
    clock.flush();
    for (const { records } of all) expect(nonces(records)).toEqual([[1], [2]]);
  });

  test("takes what its record's leaving makes it send into the next one", () => {
    const clock = new VirtualClock();
    const records: Uint8Array[] = [];
    const leave = (record: Uint8Array): void => {
      if (records.push(record.slice()) === 1) ping(batch, 2);
    };
    const batch: Batch = new Batch(new Flusher(clock), { leaving: () => {}, leave }, holding());
    ping(batch, 1);
    clock.flush();
    expect(nonces(records)).toEqual([[1], [2]]);
  });
});
