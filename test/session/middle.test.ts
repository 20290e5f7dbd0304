import { describe, expect, test } from "vitest";
import { equal } from "../../src/bytes/bytes.ts";
import { provider as node } from "../../src/crypto/default.node.ts";
import { TroupeError } from "../../src/errors.ts";
import { DialerHandshake } from "../../src/session/dialer.ts";
import type { Handshake, HandshakeConfig, Step } from "../../src/session/handshake.ts";
import { ResponderHandshake } from "../../src/session/responder.ts";
import { hex, pattern, whole } from "../crypto/support.ts";
import { Spy } from "./spy.ts";
import { converse, expectSession, keys, now, party, seeded } from "./support.ts";

await node.preparePake();

/**
 * Somebody who answers Alice in Bob's place and dials Bob in Alice's, each with a session of its own,
 * and passes on what is inside. She has no key that they share, and cannot sign for them.
 */
class Mallory {
  readonly toAlice: ResponderHandshake;
  readonly toBob: DialerHandshake;
  readonly #alices = new Spy(node);
  readonly #bobs = new Spy(node);
  #offered: Uint8Array = pattern(32);

  constructor() {
    const crypto = {
      ...this.#bobs.crypto,
      // What she offers Bob is what Alice has offered her.
      pake: () => ({ share: this.#offered, finish: () => pattern(64) }),
    };
    const given = { presharedKeys: keys({ team: "unknown to her" }) };
    this.toAlice = new ResponderHandshake(party(this.#alices.crypto, "mallory"));
    this.toBob = new DialerHandshake({ ...party(crypto, "mallory", given), random: seeded("m") });
  }

  /** Alice's m4 as it is inside; its last 32 bytes are her share. */
  read(m4: Uint8Array): void {
    const plaintext = now(this.#key(this.#alices, "dialer to responder").open(0, m4));
    this.#offered = plaintext.slice(-32);
  }

  /** Bob's m5, sealed for Alice. */
  passOn(m5: Uint8Array): Uint8Array {
    const plaintext = now(this.#key(this.#bobs, "responder to dialer").open(1, m5));
    return this.sealed(plaintext);
  }

  /** What she wants Alice to hear as m5. */
  sealed(plaintext: Uint8Array): Uint8Array {
    return whole(this.#key(this.#alices, "responder to dialer").seal(1, plaintext));
  }

  #key(spy: Spy, direction: string): ReturnType<typeof node.aead> {
    return node.aead(spy.first(`handshake ${direction}`));
  }
}

/** The single message of a step. */
function only(step: Step): Uint8Array {
  const [message] = step.send;
  if (message === undefined) throw new Error(`nothing was said: ${step.failure?.message}`);
  return message;
}

/** Alice dials, Mallory answers: up to Alice's reaction to Mallory's identity. */
function answered(alice: Handshake, mallory: Mallory): Step {
  const { send } = mallory.toAlice.receive(only(alice.start()));
  const [m2, m3] = send;
  if (m2 === undefined || m3 === undefined) throw new Error("nothing was answered");
  alice.receive(m2);
  return alice.receive(m3);
}

/** Mallory dials Bob: up to Bob's reaction to her identity. */
function dialed(bob: Handshake, mallory: Mallory): Step {
  const { send } = bob.receive(only(mallory.toBob.start()));
  const [m2, m3] = send;
  if (m2 === undefined || m3 === undefined) throw new Error("nothing was answered");
  mallory.toBob.receive(m2);
  return bob.receive(only(mallory.toBob.receive(m3)));
}

const pinned = (name: string): Partial<HandshakeConfig> => ({
  judge: (identity) =>
    equal(identity, party(node, name).signer.publicKey)
      ? undefined
      : new TroupeError("WRONG_PEER", "not the pinned one"),
});

describe("someone in the middle", () => {
  test("is refused by a dialer that pins the responder's key", () => {
    const alice = new DialerHandshake(party(node, "alice", pinned("bob")));
    expect(answered(alice, new Mallory()).failure?.code).toBe("WRONG_PEER");
    expectSession(converse(party(node, "alice", pinned("bob")), party(node, "bob")));
  });

  test("is refused by a responder that knows whom it expects", () => {
    const bob = new ResponderHandshake(party(node, "bob", pinned("alice")));
    expect(dialed(bob, new Mallory()).failure?.code).toBe("WRONG_PEER");
  });

  test("is refused under a network key that she does not have", () => {
    const networkKey = pattern(32);
    const alice = new DialerHandshake(party(node, "alice", { networkKey }));
    expect(answered(alice, new Mallory()).failure?.code).toBe("HANDSHAKE_FAILED");
    const bob = new ResponderHandshake(party(node, "bob", { networkKey }));
    expect(() => dialed(bob, new Mallory())).toThrow("the network key is another one");
  });

  test("is refused under a pre-shared key, though she passes both proofs on", () => {
    const presharedKeys = keys({ team: "qwerty456" });
    const alice = new DialerHandshake(party(node, "alice", { presharedKeys }));
    const bob = new ResponderHandshake(party(node, "bob", { presharedKeys }));
    const mallory = new Mallory();
    mallory.read(only(answered(alice, mallory)));
    const m5 = only(dialed(bob, mallory));
    const verdict = alice.receive(mallory.passOn(m5));
    expect([verdict.failure?.code, verdict.established]).toEqual(["WRONG_KEY", undefined]);
    const dropped = bob.receive(only(mallory.toBob.receive(m5)));
    expect([dropped.failure?.code, dropped.established]).toEqual(["WRONG_KEY", undefined]);
  });

  test("cannot skip the proof that a dialer demands", () => {
    const presharedKeys = keys({ team: "qwerty456" });
    const alice = new DialerHandshake(party(node, "alice", { presharedKeys }));
    const mallory = new Mallory();
    answered(alice, mallory);
    const verdict = alice.receive(mallory.sealed(Uint8Array.of(1)));
    expect([verdict.failure?.code, verdict.established]).toEqual(["NO_COMMON_KEY", undefined]);
  });

  test.each([
    ["a proof of a key that was not offered", [2, 1, ...new Array(64).fill(9)]],
    ["a proof whose share is no element", [2, 0, ...new Array(64).fill(255)]],
    ["a proof whose share is the neutral element", [2, 0, ...new Array(64).fill(0)]],
    ["half a proof", [2, 0, 1, 2, 3]],
    ["a proof and a byte", [2, 0, ...new Array(65).fill(0)]],
    ["an acceptance and a byte", [1, 0]],
    ["a message of a kind there is not", [3]],
    ["a refusal without a reason", [0]],
    ["nothing", []],
  ])("gets nowhere with %s", (_, m5) => {
    const presharedKeys = keys({ team: "qwerty456" });
    const alice = new DialerHandshake(party(node, "alice", { presharedKeys }));
    const mallory = new Mallory();
    answered(alice, mallory);
    const verdict = alice.receive(mallory.sealed(Uint8Array.from(m5)));
    expect([verdict.failure?.code, verdict.established]).toEqual(["HANDSHAKE_FAILED", undefined]);
  });

  test("without any of these is met as herself, and as nobody else", () => {
    const alice = new DialerHandshake(party(node, "alice"));
    const mallory = new Mallory();
    const { established } = mallory.toAlice.receive(only(answered(alice, mallory)));
    expect(established).toBeDefined();
    const met = alice.receive(mallory.sealed(Uint8Array.of(1))).established?.identity;
    expect(hex(met ?? pattern(0))).toBe(hex(party(node, "mallory").signer.publicKey));
  });
});
