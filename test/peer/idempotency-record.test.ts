import fc from "fast-check";
import { expect, it } from "vitest";
import { encodePayload, type Payload } from "../../src/frame/payload.ts";
import { fingerprint } from "../../src/peer/fingerprint.ts";
import { decodeOutcome, encodeOutcome, type Outcome } from "../../src/peer/idempotency-record.ts";
import { isTroupeError } from "../support/errors.ts";

const payloads: fc.Arbitrary<Payload> = fc
  .oneof(fc.string(), fc.double(), fc.boolean(), fc.uint8Array(), fc.constant(null), fc.object())
  .filter((data) => {
    try {
      encodePayload(data);
      return true;
    } catch {
      return false;
    }
  })
  .map((data) => encodePayload(data));

const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ code: fc.constant(undefined), payload: payloads }),
  fc.record({
    code: fc.stringMatching(/^[A-Z_]{1,30}$/),
    message: fc.string({ unit: "binary" }),
    payload: payloads,
  }),
);

/** As it can be compared. */
const plain = (outcome: Outcome): unknown => ({
  ...outcome,
  payload: [outcome.payload.tag, [...outcome.payload.bytes]],
});

it("an outcome comes back as it was kept", () => {
  fc.assert(
    fc.property(outcomes, (outcome) => {
      expect(plain(decodeOutcome(encodeOutcome(outcome)))).toEqual(plain(outcome));
    }),
  );
});

it("an outcome is kept in bytes of its own", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const kept = encodeOutcome({ code: undefined, payload: encodePayload(bytes) });
  bytes.fill(9);
  expect([...decodeOutcome(kept).payload.bytes]).toEqual([1, 2, 3]);
  expect(kept.buffer.byteLength).toBe(kept.length);
});

it("what is no outcome is refused", () => {
  for (const bytes of [[], [0], [1], [2, 0], [1, 5, 65], [1, 1, 65, 1]]) {
    expect(() => decodeOutcome(new Uint8Array(bytes))).toThrow(isTroupeError("PROTOCOL"));
  }
});

it("payloads that differ have different fingerprints, equal ones the same", () => {
  fc.assert(
    fc.property(payloads, payloads, (one, other) => {
      const same = one.tag === other.tag && Buffer.compare(one.bytes, other.bytes) === 0;
      expect(fingerprint(one) === fingerprint(other)).toBe(same);
    }),
  );
  const prints = new Set<string>();
  for (let i = 0; i < 100_000; i++) prints.add(fingerprint(encodePayload(`${i}`)));
  for (let i = 0; i < 1000; i++) prints.add(fingerprint(encodePayload(new Uint8Array(i))));
  expect(prints.size).toBe(101_000);
});
