import { describe, expect, test } from "vitest";
import { Writer } from "../../src/bytes/writer.ts";

describe("a writer", () => {
  test("holds no memory until something is written", () => {
    expect([new Writer().capacity, new Writer().length]).toEqual([0, 0]);
  });

  test("at least doubles when it grows, so appending stays cheap", () => {
    const writer = new Writer();
    const capacities = new Set<number>();
    for (let i = 0; i < 100_000; i++) {
      writer.u8(i & 0xff);
      capacities.add(writer.capacity);
    }
    expect(capacities.size).toBeLessThan(10);
    expect(writer.view()[99_999]).toBe(99_999 & 0xff);
  });

  test("reserves so much that what follows does not grow it", () => {
    const writer = new Writer();
    writer.u8(1);
    writer.reserve(5000);
    const { capacity } = writer;
    writer.bytes(new Uint8Array(5000));
    expect([writer.capacity, writer.length]).toEqual([capacity, 5001]);
  });

  test("keeps its memory when it is cleared, and writes from the start again", () => {
    const writer = new Writer();
    writer.bytes(Uint8Array.of(1, 2, 3));
    const { capacity } = writer;
    writer.clear();
    writer.u8(9);
    expect([[...writer.view()], writer.capacity]).toEqual([[9], capacity]);
  });
});
