import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { remoteError, unstartedDetails } from "../../src/connection/remote-code.ts";
import { type ErrorCode, TroupeError } from "../../src/errors.ts";
import { NOTHING } from "../../src/frame/payload.ts";
import { TrackRecord, verdictOf } from "../../src/peer/ejection-record.ts";

/** A record of calls, in their order: `x` for one that failed. */
function recordOf(calls: string): TrackRecord {
  const record = new TrackRecord();
  for (const call of calls) {
    if (call === "x") record.failed();
    else record.worked();
  }
  return record;
}

describe("what a call says of its unit", () => {
  it.each<[ErrorCode, string]>([
    ["TIMEOUT", "fails"],
    ["DISCONNECTED", "lost"],
    ["NOT_DELIVERED", "lost"],
    ["OUTCOME_UNKNOWN", "lost"],
    ["PROTOCOL", "lost"],
    ["CANCELLED", "nothing"],
    ["CLOSED", "nothing"],
    ["REJECTED", "works"],
    ["NO_EVENT", "works"],
    ["NO_ROLE", "works"],
    ["NOT_ALLOWED", "works"],
    ["ROLE_DISABLED", "works"],
    ["BAD_PAYLOAD", "works"],
  ])("%s: %s", (code, verdict) => {
    expect(verdictOf(new TroupeError(code, "no"))).toBe(verdict);
  });

  it("an answer: that it works", () => {
    expect(verdictOf(undefined)).toBe("works");
  });

  it("OVERLOADED: that it has too much to do, when no handler has said it", () => {
    const details = unstartedDetails({ retryAfter: 50 });
    expect(verdictOf(remoteError("OVERLOADED", "no", details))).toBe("refuses");
    expect(verdictOf(remoteError("OVERLOADED", "no", NOTHING))).toBe("works");
  });

  it("a request that it did not start, for whatever reason: that it works", () => {
    for (const code of ["NOT_DELIVERED", "OUTCOME_UNKNOWN", "NO_ROLE"] as const) {
      expect(verdictOf(remoteError(code, "no", unstartedDetails(undefined)))).toBe("works");
    }
  });
});

describe("a record is bad", () => {
  it("after so many failures in a row", () => {
    expect(recordOf("xxxx").isBad(5)).toBe(false);
    expect(recordOf("xxxxx").isBad(5)).toBe(true);
    expect(recordOf("xxxx.x").isBad(5)).toBe(false);
  });

  it("once more than half of its last calls have failed, of ten at least", () => {
    expect(recordOf("xx.xx.xx.").isBad(5)).toBe(false);
    expect(recordOf("xx.xx.xx.x").isBad(5)).toBe(true);
    expect(recordOf("x.".repeat(10)).isBad(5)).toBe(false);
    expect(recordOf(`${"x.".repeat(8)}xx`).isBad(5)).toBe(true);
  });

  it("by no call that is more than twenty back", () => {
    const calls = fc.array(fc.constantFrom("x", "."), { minLength: 10, maxLength: 60 });
    fc.assert(
      fc.property(calls, (all) => {
        const last = all.slice(-20);
        const failed = last.filter((call) => call === "x").length;
        expect(recordOf(all.join("")).isBad(100)).toBe(failed * 2 > last.length);
      }),
      { seed: 1 },
    );
  });

  it("after it has refused all for a second, and not after a rush", () => {
    const record = new TrackRecord();
    const refuse = (count: number, now: number): boolean => {
      for (let i = 0; i < count; i++) record.refused(now);
      return record.isBad(5);
    };
    expect([refuse(100, 5000), refuse(100, 5999), refuse(1, 6000)]).toEqual([false, false, true]);
    record.worked();
    expect([record.isBad(5), refuse(100, 6001), refuse(100, 7000)]).toEqual([false, false, false]);
    record.forgive();
    expect([refuse(1, 9000), refuse(3, 20_000), refuse(1, 20_000)]).toEqual([false, false, true]);
  });

  it("no more once that is forgiven", () => {
    const record = recordOf("x".repeat(20));
    record.forgive();
    expect([record.isBad(1), record.clean]).toEqual([false, true]);
    for (let i = 0; i < 4; i++) record.failed();
    expect(record.isBad(5)).toBe(false);
  });
});

it("a record is clean when its last twenty calls were answered", () => {
  expect(recordOf("").clean).toBe(true);
  expect(recordOf(`x${".".repeat(19)}`).clean).toBe(false);
  expect(recordOf(`x${".".repeat(20)}`).clean).toBe(true);
});
