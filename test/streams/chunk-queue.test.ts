import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkQueue } from "../../src/streams/chunk-queue.ts";

test("a queue gives the very chunks back in their order, however many there are", () => {
  // Long runs of either, so that places at the front become worth moving.
  const step = fc.tuple(fc.nat(700), fc.nat(700), fc.boolean());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const queue = new ChunkQueue();
      let model: Uint8Array[] = [];
      for (const [puts, takes, clears] of steps) {
        const chunks = Array.from({ length: puts }, () => new Uint8Array(1));
        for (const chunk of chunks) queue.push(chunk);
        model.push(...chunks);
        const taken = Array.from({ length: takes }, () => queue.shift());
        const expected = model.splice(0, takes);
        expect(taken.every((chunk, i) => chunk === expected[i])).toBe(true);
        if (clears) {
          queue.clear();
          model = [];
        }
        expect(queue.empty).toBe(model.length === 0);
      }
    }),
    { numRuns: 100, seed: 7 },
  );
});

test("an empty queue gives nothing", () => {
  const queue = new ChunkQueue();
  expect([queue.empty, queue.shift()]).toEqual([true, undefined]);
});
