import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Receipt } from "../../src/connection/native/receipt.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

const KIB = 1024;

/** One that has taken so many records of so many bytes each. */
function taken(records: number, bytes: number): Receipt {
  const receipt = new Receipt();
  for (let i = 0; i < records; i++) receipt.took(bytes);
  return receipt;
}

describe("what the other side is told of what has come", () => {
  test("is news from the first record on", () => {
    const receipt = new Receipt();
    expect([receipt.records, receipt.news]).toEqual([0, false]);
    receipt.took(1);
    expect([receipt.records, receipt.news]).toEqual([1, true]);
    expect(receipt.tell()).toBe(1);
    expect([receipt.records, receipt.news]).toEqual([1, false]);
  });

  test.each([
    ["31 small records", 31, 1, false, false],
    ["32 of them", 32, 1, true, false],
    ["63 of them", 63, 1, true, false],
    ["64 of them", 64, 1, true, true],
    ["nearly 16 KiB", 1, 16 * KIB - 1, false, false],
    ["16 KiB", 1, 16 * KIB, true, false],
    ["nearly 256 KiB", 2, 128 * KIB - 1, true, false],
    ["256 KiB", 2, 128 * KIB, true, true],
  ])("is due after %s", (_, records, bytes, riding, alone) => {
    const receipt = taken(records, bytes);
    expect([receipt.riding, receipt.alone]).toEqual([riding, alone]);
    receipt.tell();
    expect([receipt.riding, receipt.alone, receipt.news]).toEqual([false, false, false]);
  });

  test("is counted from the last telling", () => {
    const step = fc.oneof(fc.nat(100_000), fc.constant("tell" as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const receipt = new Receipt();
        let records = 0;
        let since: number[] = [];
        for (const one of steps) {
          if (one === "tell") {
            expect(receipt.tell()).toBe(records);
            since = [];
          } else {
            receipt.took(one);
            records++;
            since.push(one);
          }
          const bytes = since.reduce((sum, each) => sum + each, 0);
          expect([receipt.records, receipt.news, receipt.riding, receipt.alone]).toEqual([
            records,
            since.length > 0,
            since.length >= 32 || bytes >= 16 * KIB,
            since.length >= 64 || bytes >= 256 * KIB,
          ]);
        }
      }),
    );
  });
});
