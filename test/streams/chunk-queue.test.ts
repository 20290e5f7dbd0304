import fc from "fast-check";
import { expect, test } from "vitest";
import { concat } from "../../src/bytes/bytes.ts";
import { ChunkQueue } from "../../src/streams/chunk-queue.ts";
import { pattern } from "./support.ts";

/** Chunks of fewer bytes are joined, to so many at most. */
const SMALL = 512;
const BLOCK = 4096;

/** Where all chunks are views of, so that one of a buffer of its own is a joined one. */
const bytes = pattern(1024 * 1024);

/** Takes a chunk out, and those that it must be made of out of the model. */
function take(queue: ChunkQueue, model: Uint8Array[]): Uint8Array | undefined {
  const chunk = queue.shift();
  const first = model.shift();
  if (chunk === undefined || chunk === first) {
    expect(chunk).toBe(first);
    return undefined;
  }
  const parts = first === undefined ? [] : [first];
  while (concat(...parts).length < chunk.length && model[0] !== undefined) {
    parts.push(...model.splice(0, 1));
  }
  expect(Buffer.compare(chunk, concat(...parts))).toBe(0);
  expect(parts.every(({ length }) => length < SMALL)).toBe(true);
  expect(chunk.length).toBeLessThanOrEqual(BLOCK);
  expect(chunk.buffer.byteLength).toBeLessThanOrEqual(2 * chunk.length);
  return chunk;
}

test("a queue gives all bytes in their order, and every chunk that is not small as it came", () => {
  // Long runs of either, so that places at the front become worth moving.
  const size = fc.constantFrom(1, 2, 100, SMALL - 1, SMALL, 2 * BLOCK);
  const step = fc.tuple(fc.nat(700), size, fc.nat(700), fc.nat(9));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 16 }), (steps) => {
      const queue = new ChunkQueue();
      let model: Uint8Array[] = [];
      const given: Uint8Array[] = [];
      let at = 0;
      for (const [puts, length, takes, clears] of steps) {
        for (let i = 0; i < puts; i++) {
          at = (at + length) % (bytes.length - 2 * BLOCK);
          const chunk = bytes.subarray(at, at + length);
          queue.push(chunk);
          model.push(chunk);
        }
        for (let i = 0; i < takes; i++) {
          const joined = take(queue, model);
          // Whose reader does with the whole of its memory what it likes.
          if (joined !== undefined) given.push(new Uint8Array(joined.buffer).fill(0));
        }
        if (clears === 0) {
          queue.clear();
          model = [];
        }
        expect(queue.empty).toBe(model.length === 0);
      }
      expect(given.every((buffer) => buffer.every((byte) => byte === 0))).toBe(true);
    }),
    { numRuns: 100, seed: 7 },
  );
});

test("many tiny chunks that wait are few", () => {
  const queue = new ChunkQueue();
  for (let i = 0; i < 256 * 1024; i++) queue.push(bytes.subarray(i, i + 1));
  const chunks: Uint8Array[] = [];
  for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) chunks.push(chunk);
  expect(chunks.length).toBe(64);
  expect(new Set(chunks.map(({ buffer }) => buffer.byteLength))).toEqual(new Set([BLOCK]));
  expect(Buffer.compare(concat(...chunks), bytes.subarray(0, 256 * 1024))).toBe(0);
});

test("tiny chunks between large ones do not take a block each", () => {
  const queue = new ChunkQueue();
  const large = bytes.subarray(0, SMALL);
  for (let i = 0; i < 100; i++) {
    for (const length of [1, 1]) queue.push(bytes.subarray(i, i + length));
    queue.push(large);
  }
  for (let i = 0; i < 100; i++) {
    const [joined, alone] = [queue.shift(), queue.shift()];
    expect([joined?.length, joined?.buffer.byteLength]).toEqual([2, 4]);
    expect(alone).toBe(large);
  }
});

test("a chunk that nothing small follows is given as it came, however small", () => {
  const queue = new ChunkQueue();
  const chunks = [bytes.subarray(0, 1), bytes.subarray(1, 1 + SMALL), bytes.subarray(9, 12)];
  for (const chunk of chunks) queue.push(chunk);
  for (const chunk of chunks) expect(queue.shift()).toBe(chunk);
});

test("an empty queue gives nothing", () => {
  const queue = new ChunkQueue();
  expect([queue.empty, queue.shift()]).toEqual([true, undefined]);
});
