import { bytesToNumberLE } from "@noble/curves/utils.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpaceGenerator, cpaceWithScalar, scalarMultVfy } from "../../src/crypto/cpace.ts";
import type { PakeInput } from "../../src/crypto/provider.ts";
import { bytes, hex, PROVIDERS, pattern, vectors } from "./support.ts";

type Exchange = Readonly<
  Record<
    | "comment"
    | "password"
    | "channel"
    | "sessionId"
    | "generator"
    | "initiatorScalar"
    | "initiatorData"
    | "initiatorShare"
    | "responderScalar"
    | "responderData"
    | "responderShare"
    | "secret"
    | "key",
    string
  >
>;
interface Cpace {
  readonly exchanges: readonly Exchange[];
  readonly scalarMult: Readonly<
    Record<"scalar" | "share" | "product" | "notAnElement" | "neutral", string>
  >;
}

const { exchanges, scalarMult } = vectors<Cpace>("cpace");
const scalarOf = (text: string): bigint => bytesToNumberLE(bytes(text));

describe.each(exchanges)("the published exchange of $comment", (published) => {
  const input = (side: PakeInput["side"]): PakeInput => ({
    password: bytes(published.password),
    channel: bytes(published.channel),
    sessionId: bytes(published.sessionId),
    side,
  });
  const data = {
    initiator: bytes(published.initiatorData),
    responder: bytes(published.responderData),
  };
  const initiator = cpaceWithScalar(input("initiator"), scalarOf(published.initiatorScalar), data);
  const responder = cpaceWithScalar(input("responder"), scalarOf(published.responderScalar), data);

  test("has our generator", () => {
    expect(hex(cpaceGenerator(input("initiator")).toBytes())).toBe(published.generator);
  });

  test("has our shares", () => {
    expect(hex(initiator.share)).toBe(published.initiatorShare);
    expect(hex(responder.share)).toBe(published.responderShare);
  });

  test("has our secret on both sides", () => {
    const { initiatorScalar, initiatorShare, responderScalar, responderShare, secret } = published;
    expect(hex(scalarMultVfy(scalarOf(initiatorScalar), bytes(responderShare)))).toBe(secret);
    expect(hex(scalarMultVfy(scalarOf(responderScalar), bytes(initiatorShare)))).toBe(secret);
  });

  test("has our key on both sides", () => {
    expect(hex(initiator.finish(bytes(published.responderShare)))).toBe(published.key);
    expect(hex(responder.finish(bytes(published.initiatorShare)))).toBe(published.key);
  });
});

describe("scalarMultVfy", () => {
  const scalar = scalarOf(scalarMult.scalar);

  test("gives the published product", () => {
    expect(hex(scalarMultVfy(scalar, bytes(scalarMult.share)))).toBe(scalarMult.product);
  });

  test("refuses the published bytes that are no element", () => {
    expect(() => scalarMultVfy(scalar, bytes(scalarMult.notAnElement))).toThrow("not the encoding");
  });

  test("refuses the neutral element", () => {
    expect(() => scalarMultVfy(scalar, bytes(scalarMult.neutral))).toThrow("neutral");
  });
});

test("a scalar of zero or of the group order is refused", () => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const input: PakeInput = { ...both(), side: "initiator" };
  for (const scalar of [0n, order])
    expect(() => cpaceWithScalar(input, scalar)).toThrow(RangeError);
});

describe.each(PROVIDERS)("the %s provider's CPace", (_, provider) => {
  const start = (
    side: PakeInput["side"],
    changes: Partial<PakeInput> = {},
    random = side === "initiator" ? 1 : 2,
  ) => provider.pake({ ...both(), side, ...changes }, pattern(64, random));

  test("gives both sides one key of 64 bytes when they know the password", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(1000), (password, random) => {
        const initiator = start("initiator", { password }, random);
        const responder = start("responder", { password }, random + 77);
        const key = initiator.finish(responder.share);
        expect(key.length).toBe(64);
        expect(hex(responder.finish(initiator.share))).toBe(hex(key));
      }),
      { numRuns: 8, seed: 5 },
    );
  });

  test.each(["password", "channel", "sessionId"] as const)(
    "gives other keys when the %s differs",
    (field) => {
      const initiator = start("initiator");
      const responder = start("responder", { [field]: pattern(9, 50) });
      expect(hex(initiator.finish(responder.share))).not.toBe(
        hex(responder.finish(initiator.share)),
      );
    },
  );

  test("gives other keys when both take the same side", () => {
    const [one, other] = [start("initiator"), start("initiator", {}, 2)];
    expect(hex(one.finish(other.share))).not.toBe(hex(other.finish(one.share)));
  });

  test("tells a password's end from the channel's beginning", () => {
    const one = start("initiator", { password: bytes("aabb"), channel: bytes("cc") });
    const other = start("initiator", { password: bytes("aa"), channel: bytes("bbcc") });
    expect(hex(one.share)).not.toBe(hex(other.share));
  });

  test.each([
    scalarMult.notAnElement,
    scalarMult.neutral,
    "ff".repeat(32),
    "",
    "00".repeat(31),
    "00".repeat(33),
  ])("refuses the share %s", (share) => {
    expect(() => start("responder").finish(bytes(share))).toThrow("CPace share");
  });

  test.each([0, 32, 63, 65])("refuses %i bytes of randomness", (length) => {
    expect(() => provider.pake({ ...both(), side: "initiator" }, pattern(length))).toThrow(
      "CPace randomness",
    );
  });
});

function both(): Omit<PakeInput, "side"> {
  return { password: pattern(9), channel: pattern(20), sessionId: pattern(32) };
}
