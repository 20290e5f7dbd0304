import { describe, expect, test } from "vitest";
import { provider as node } from "../../src/crypto/default.node.ts";
import { noble } from "../../src/crypto/noble.ts";
import { type ErrorCode, TroupeError } from "../../src/errors.ts";
import type { HandshakeConfig } from "../../src/session/handshake.ts";
import { REFUSALS } from "../../src/session/suite.ts";
import { bytes, hex, pattern } from "../crypto/support.ts";
import { codes, converse, type End, keys, party } from "./support.ts";

await node.preparePake();

const networkKey = pattern(32, 7);

/** Neither side is through, and each ends with its code. */
function expectRefusal(
  alice: HandshakeConfig,
  bob: HandshakeConfig,
  expected: readonly (ErrorCode | undefined)[],
): { dialer: End; responder: End } {
  const conversation = converse(alice, bob);
  const { dialer, responder } = conversation;
  expect([dialer.established, responder.established]).toEqual([undefined, undefined]);
  expect(codes(conversation)).toEqual(expected);
  return conversation;
}

describe.each([
  ["node", node],
  ["noble", noble],
])("with the %s provider", (_, crypto) => {
  test.each([
    ["only the dialer has keys", { team: "1" }, {}],
    ["only the responder has keys", {}, { team: "1" }],
    ["their ids are others", { a: "1" }, { b: "1" }],
    ["ids differ in case only", { Team: "1" }, { team: "1" }],
  ])("both learn NO_COMMON_KEY when %s", (_, alice, bob) => {
    expectRefusal(
      party(crypto, "alice", { presharedKeys: keys(alice) }),
      party(crypto, "bob", { presharedKeys: keys(bob) }),
      ["NO_COMMON_KEY", "NO_COMMON_KEY"],
    );
  });

  test("both learn WRONG_KEY when the key of a common id is another one", () => {
    const { dialer, responder } = expectRefusal(
      party(crypto, "alice", { presharedKeys: keys({ team: "qwerty456" }) }),
      party(crypto, "bob", { presharedKeys: keys({ team: "qwerty457" }) }),
      ["WRONG_KEY", "WRONG_KEY"],
    );
    expect(dialer.failure?.message).toContain('"team"');
    expect(responder.failure?.message).toContain("another one");
  });

  test.each([
    ["none", undefined, networkKey],
    ["one the other does not have", networkKey, undefined],
    ["another one", networkKey, pattern(32, 8)],
  ])("a dialer whose network key is %s fails, and nobody has shown who it is", (_, one, other) => {
    const alice = party(crypto, "alice", { networkKey: one, judge: unasked });
    const bob = party(crypto, "bob", { networkKey: other, judge: unasked });
    const { dialer } = expectRefusal(alice, bob, ["HANDSHAKE_FAILED", undefined]);
    expect(dialer.failure?.message).toContain("the network key is another one");
    expect(dialer.said.length).toBe(1);
  });

  test.each(["dialer", "responder"] as const)(
    "a point that gives no secret fails at the %s",
    (at) => {
      for (const point of SMALL_ORDER) {
        const { [at]: end } = converse(party(crypto, "alice"), party(crypto, "bob"), (m, i, to) =>
          to === at && m.length === 34 ? [bytes(`0201${point}`)] : i < 2 ? [m] : [],
        );
        expect([end.failure?.code, end.established]).toEqual(["HANDSHAKE_FAILED", undefined]);
      }
    },
  );

  test("a dialer that hears its own point again fails", () => {
    const { dialer } = converse(party(crypto, "alice"), party(crypto, "bob"), (message, index) =>
      index === 1 ? [bytes(hex(dialer1(crypto)))] : index === 0 ? [message] : [],
    );
    expect(dialer.failure?.message).toContain("repeats our own key");
  });
});

/** m1 of the dialer that {@link party} makes of "alice". */
const dialer1 = (crypto: HandshakeConfig["crypto"]): Uint8Array =>
  converse(party(crypto, "alice"), party(crypto, "bob"), () => []).dialer.said[0] ?? pattern(0);

const unasked = (): TroupeError => new TroupeError("NOT_ALLOWED", "somebody was asked");

/** All points of small order, and the same again behind the prime (RFC 7748, section 6.1). */
const SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

describe("a judge", () => {
  const objection = (code: ErrorCode): TroupeError => new TroupeError(code, "not you");

  test.each(Object.values(REFUSALS))("may refuse with %s on either side", (code) => {
    const judge = (): TroupeError => objection(code);
    const byDialer = expectRefusal(party(node, "alice", { judge }), party(node, "bob"), [
      code,
      code,
    ]);
    expect(byDialer.dialer.failure?.message).toBe("not you");
    expect(byDialer.responder.failure?.message).toContain("the other side refused");
    const byResponder = expectRefusal(party(node, "alice"), party(node, "bob", { judge }), [
      code,
      code,
    ]);
    expect(byResponder.responder.failure?.message).toBe("not you");
    expect(byResponder.dialer.failure?.message).toContain("the other side refused");
  });

  test("has reasons of its own that travel as HANDSHAKE_FAILED", () => {
    const judge = (): TroupeError => objection("OVERLOADED");
    expectRefusal(party(node, "alice", { judge }), party(node, "bob"), [
      "OVERLOADED",
      "HANDSHAKE_FAILED",
    ]);
  });

  test("of a dialer refuses before the dialer has shown who it is", () => {
    const judge = (): TroupeError => objection("WRONG_PEER");
    const { dialer } = expectRefusal(
      party(node, "alice", { judge }),
      party(node, "bob", { judge: unasked }),
      ["WRONG_PEER", "WRONG_PEER"],
    );
    // A refusal is two bytes, and sixteen of seal.
    expect(dialer.said[1]?.length).toBe(18);
  });

  test("of a responder refuses before any pre-shared key is looked at", () => {
    const judge = (): TroupeError => objection("NOT_ALLOWED");
    expectRefusal(
      party(node, "alice", { presharedKeys: keys({ a: "1" }) }),
      party(node, "bob", { presharedKeys: keys({ b: "1" }), judge }),
      ["NOT_ALLOWED", "NOT_ALLOWED"],
    );
  });
});

describe("the versions", () => {
  /** The conversation when the dialer's or the responder's first message is another one. */
  const first = (index: 0 | 1, message: string): { dialer: End; responder: End } =>
    converse(party(node, "alice"), party(node, "bob"), (honest, i) =>
      i === index ? [bytes(message)] : i < index ? [honest] : [],
    );
  const point = "09".padEnd(64, "0");

  test.each([
    ["an older version", `0101${point}`, "monte/1 with suite 1"],
    ["a newer version of another length", "0301", "monte/3 with suite 1"],
    ["a suite it does not know", `0207${point}`, "monte/2 with suite 7"],
  ])("a responder refuses %s in the clear, in three bytes", (_, m1, text) => {
    const { responder } = first(0, m1);
    expect(responder.failure?.code).toBe("HANDSHAKE_FAILED");
    expect(responder.failure?.message).toContain(text);
    expect(responder.said.map(hex)).toEqual(["020001"]);
  });

  test.each([
    ["the refusal", "020001", "does not speak this version or cipher suite"],
    ["a refusal with a reason that is not believed", "020006", "does not speak this version"],
    ["a refusal for a reason it does not know", "0200ff", "does not speak this version"],
    ["a refusal without a reason", "0200", "does not speak this version"],
    ["an older version", `0101${point}`, "the other side speaks monte/1, this one monte/2"],
    ["a newer version", "03", "the other side speaks monte/3, this one monte/2"],
    ["a suite it has not offered", `0202${point}`, "cipher suite 2, which was not offered"],
    ["a byte too many", `0201${point}00`, "1 bytes too many"],
    ["a byte too few", `0201${point.slice(2)}`, "truncated"],
    ["nothing", "", "truncated"],
  ])("a dialer that hears %s fails and says nothing more", (_, m2, text) => {
    const { dialer } = first(1, m2);
    expect(dialer.failure?.code).toBe("HANDSHAKE_FAILED");
    expect(dialer.failure?.message).toContain(text);
    expect(dialer.said.length).toBe(1);
  });

  test.each([
    ["nothing", ""],
    ["one byte", "02"],
    ["a byte too many", `0201${point}00`],
    ["a byte too few", `0201${point.slice(2)}`],
  ])("a responder that hears %s fails and says nothing", (_, m1) => {
    const { responder } = first(0, m1);
    expect([responder.failure?.code, responder.said]).toEqual(["HANDSHAKE_FAILED", []]);
  });
});
