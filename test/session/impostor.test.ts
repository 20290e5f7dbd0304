import { describe, expect, test } from "vitest";
import { provider as node } from "../../src/crypto/default.node.ts";
import { noble } from "../../src/crypto/noble.ts";
import type { Signer } from "../../src/crypto/provider.ts";
import { DialerHandshake } from "../../src/session/dialer.ts";
import type { HandshakeConfig, Step } from "../../src/session/handshake.ts";
import { ResponderHandshake } from "../../src/session/responder.ts";
import { pattern, whole } from "../crypto/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { Spy } from "./spy.ts";
import { codes, converse, expectSession, keys, party } from "./support.ts";

await node.preparePake();

/** Says that it is `claimed`, and signs with what it has. */
const claiming = (claimed: Signer, sign: Signer["sign"]): Partial<HandshakeConfig> => ({
  signer: { publicKey: claimed.publicKey, sign },
});

describe.each([
  ["node", node],
  ["noble", noble],
])("an impostor, to the %s provider", (_, crypto) => {
  const victim = party(crypto, "victim").signer;
  const own = party(crypto, "impostor").signer;

  test.each([
    ["its own key", (message: Uint8Array) => own.sign(message)],
    ["nothing", () => new Uint8Array(64)],
  ])("is refused on either side when it claims a key and signs with %s", (_, sign) => {
    const lie = claiming(victim, sign);
    const dialing = converse(party(crypto, "impostor", lie), party(crypto, "bob"));
    expect(dialing.responder.failure).toEqual(isTroupeError("HANDSHAKE_FAILED", "does not hold"));
    expect([dialing.responder.established, dialing.dialer.established]).toEqual([
      undefined,
      undefined,
    ]);
    const answering = converse(party(crypto, "alice"), party(crypto, "impostor", lie));
    expect(answering.dialer.failure).toEqual(isTroupeError("HANDSHAKE_FAILED", "does not hold"));
    expect(answering.dialer.said.length).toBe(1);
  });

  test("is refused with a signature that its victim made in another session, in either part", () => {
    const seen: Uint8Array[] = [];
    const recorded: Signer["sign"] = (message) => {
      const signature = victim.sign(message);
      seen.push(signature);
      return signature;
    };
    const honest = claiming(victim, recorded);
    expectSession(converse(party(crypto, "victim", honest), party(crypto, "bob")));
    expectSession(converse(party(crypto, "alice"), party(crypto, "victim", honest)));
    for (const signature of seen) {
      const lie = claiming(victim, () => signature);
      const again = { ...party(crypto, "bob"), random: (length: number) => pattern(length, 9) };
      expect(codes(converse(party(crypto, "impostor", lie), again))[1]).toBe("HANDSHAKE_FAILED");
      expect(codes(converse(again, party(crypto, "impostor", lie)))[0]).toBe("HANDSHAKE_FAILED");
    }
  });
});

/** Bob, after Alice's `said`-th message was replaced by what she makes of it, sealed as it should be. */
function lied(
  said: "m4" | "m6",
  change: (plaintext: Uint8Array) => Uint8Array,
  bobs: Partial<HandshakeConfig> = {},
  alices: Partial<HandshakeConfig> = {},
): Step {
  const spy = new Spy(node);
  const alice = new DialerHandshake(party(spy.crypto, "alice", alices));
  const bob = new ResponderHandshake(party(node, "bob", bobs));
  const [m2, m3] = bob.receive(only(alice.start())).send;
  alice.receive(m2 ?? pattern(0));
  const m4 = only(alice.receive(m3 ?? pattern(0)));
  const key = node.aead(spy.first("handshake dialer to responder"));
  const resealed = (counter: number): Uint8Array =>
    whole(key.seal(counter, change(spy.sealings.at(-1)?.plaintext ?? pattern(0))));
  if (said === "m4") return bob.receive(resealed(0));
  alice.receive(only(bob.receive(m4)));
  return bob.receive(resealed(1));
}

function only(step: Step): Uint8Array {
  const [message] = step.send;
  if (message === undefined) throw new Error(`nothing was said: ${step.failure?.message}`);
  return message;
}

const presharedKeys = keys({ team: "qwerty456" });
const both = [{ presharedKeys }, { presharedKeys }] as const;
/** Where m4 has its count of offers, after kind, identity, signature and "about alice". */
const COUNT = 1 + 32 + 64 + 1 + "about alice".length;
const withOffers =
  (...offers: readonly number[]) =>
  (plaintext: Uint8Array) =>
    Uint8Array.of(...plaintext.subarray(0, COUNT), ...offers);

describe("a dialer that holds its identity and says", () => {
  test("just what it should is let in", () => {
    expect(lied("m4", (plaintext) => plaintext).established).toBeDefined();
    expect(lied("m6", (plaintext) => plaintext, ...both).established?.keyId).toBe("team");
  });

  test.each<[string, (plaintext: Uint8Array) => Uint8Array]>([
    ["a byte more", (m4) => Uint8Array.of(...m4, 0)],
    ["a byte less", (m4) => m4.subarray(0, -1)],
    ["nothing", () => pattern(0)],
    ["another kind of message", (m4) => Uint8Array.of(2, ...m4.subarray(1))],
    ["parameters longer than they are", (m4) => m4.map((byte, i) => (i === 97 ? 255 : byte))],
    ["nine offers", withOffers(9, ...new Array(9 * 33).fill(0))],
    ["fewer offers than it announces", withOffers(2, 0, ...new Array(32).fill(0))],
    ["an id above 64 bytes", withOffers(1, 65, ...new Array(65 + 32).fill(65))],
    ["an id that is no text", withOffers(1, 1, 0xff, ...new Array(32).fill(0))],
  ])("%s in its introduction is refused", (_, change) => {
    const { failure, established, send } = lied("m4", change);
    expect([failure?.code, established, send]).toEqual(["HANDSHAKE_FAILED", undefined, []]);
  });

  test.each([
    ["a share that is no element", 255],
    ["a share that is the neutral element", 0],
  ])("%s in its offer is refused", (_, byte) => {
    const offer = withOffers(1, 4, ...Buffer.from("team"), ...new Array(32).fill(byte));
    const { failure, established } = lied("m4", offer, ...both);
    expect([failure?.code, established]).toEqual(["HANDSHAKE_FAILED", undefined]);
  });

  test("another confirmation than the key gives is refused", () => {
    for (const change of [
      (m6: Uint8Array) => m6.map((byte, i) => (i === 32 ? byte ^ 1 : byte)),
      () => Uint8Array.of(1, ...new Array(32).fill(0)),
    ]) {
      const { failure, established } = lied("m6", change, ...both);
      expect([failure?.code, established]).toEqual(["WRONG_KEY", undefined]);
    }
  });

  test.each<[string, (plaintext: Uint8Array) => Uint8Array]>([
    ["only that it goes on", (m6) => m6.subarray(0, 1)],
    ["a byte more", (m6) => Uint8Array.of(...m6, 0)],
    ["that it refuses, for no known reason", () => Uint8Array.of(0, 99)],
    ["nothing", () => pattern(0)],
  ])("%s instead of a confirmation is refused", (_, change) => {
    const { failure, established } = lied("m6", change, ...both);
    expect([failure?.code, established]).toEqual(["HANDSHAKE_FAILED", undefined]);
  });
});

test.each([
  ["a dialer", DialerHandshake, "alice", "dialer", {}],
  ["a responder", ResponderHandshake, "bob", "responder", {}],
  ["a dialer with keys", DialerHandshake, "alice", "dialer", { presharedKeys }],
  ["a responder with keys", ResponderHandshake, "bob", "responder", { presharedKeys }],
] as const)(
  "%s that has failed takes not even the honest message any more",
  (_, Side, name, side, given) => {
    const { heard } = converse(party(node, "alice", given), party(node, "bob", given))[side];
    for (let at = 0; at < heard.length; at++) {
      // The same randomness as before: what was honest then is honest now.
      const handshake = new Side(party(node, name, given));
      handshake.start();
      for (const message of heard.slice(0, at))
        expect(handshake.receive(message).failure).toBeUndefined();
      expect(handshake.receive(pattern(3)).failure).toBeDefined();
      for (const message of heard.slice(at)) {
        const { failure, send, established } = handshake.receive(message);
        expect([failure?.code, send, established]).toEqual(["HANDSHAKE_FAILED", [], undefined]);
      }
    }
  },
);
