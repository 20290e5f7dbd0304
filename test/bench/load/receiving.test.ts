import { describe, expect, it } from "vitest";
import { CHUNK, chunkOf } from "../../../bench/load/chunk.ts";
import { Receiving } from "../../../bench/load/receiving.ts";

const chunk = chunkOf();

describe("receiving of the bench", () => {
  it("counts bytes and minds no cut", async () => {
    const receiving = new Receiving();
    const two = Buffer.concat([chunk, chunk]);
    for (const [from, to] of [
      [0, 1],
      [1, 40_000],
      [40_000, CHUNK + 9],
      [CHUNK + 9, 2 * CHUNK],
    ]) {
      receiving.piece(two.subarray(from, to));
    }
    receiving.end();
    await receiving.stop();
    expect(receiving.count).toBe(2 * CHUNK);
  });

  it.each([
    ["a byte is another", [Buffer.alloc(CHUNK, 1)]],
    ["a piece is missing", [chunk.subarray(0, 16_384), chunk.subarray(32_768)]],
    ["a piece comes twice", [chunk.subarray(0, 16_384), chunk]],
    ["a piece is empty", [chunk, Buffer.alloc(0)]],
  ])("fails when %s", async (_, pieces) => {
    const receiving = new Receiving();
    for (const piece of pieces) receiving.piece(piece);
    expect(() => receiving.mark()).toThrow(/other bytes than were sent, after \d+/);
    receiving.end();
    await expect(receiving.stop()).rejects.toThrow(/other bytes/);
  });

  it("fails when a stream ends within a chunk", async () => {
    const receiving = new Receiving();
    receiving.piece(chunk.subarray(0, 100));
    receiving.end();
    await expect(receiving.stop()).rejects.toThrow("a stream ended after 100 bytes");
  });
});
