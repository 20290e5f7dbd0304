import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { provider as node } from "../../src/crypto/default.node.ts";
import { DialerHandshake } from "../../src/session/dialer.ts";
import type { HandshakeConfig, Side } from "../../src/session/handshake.ts";
import { ResponderHandshake } from "../../src/session/responder.ts";
import { hex, pattern } from "../crypto/support.ts";
import {
  type Carrier,
  type Conversation,
  converse,
  End,
  expectSession,
  keys,
  party,
  seeded,
} from "./support.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

await node.preparePake();

/** Both ways to come to a session: in five messages, and in six with a proof in them. */
const KINDS = {
  plain: {},
  "under a network key": { networkKey: pattern(32, 7) },
  "with pre-shared keys": { presharedKeys: keys({ spare: "1", team: "2" }) },
} satisfies Record<string, Partial<HandshakeConfig>>;

type Kind = keyof typeof KINDS;
const kinds = Object.keys(KINDS) as Kind[];

/** The two sides of a session; each number is a session of its own between the same two. */
const sides = (kind: Kind, session = 0): readonly [HandshakeConfig, HandshakeConfig] => [
  party(node, "alice", { ...KINDS[kind], random: seeded(`alice ${session}`) }),
  party(node, "bob", { ...KINDS[kind], random: seeded(`bob ${session}`) }),
];

const talk = (kind: Kind, carry?: Carrier): Conversation => converse(...sides(kind), carry);

/** All messages of an undisturbed session in the order in which they were sent. */
function messagesOf(kind: Kind, session = 0): Uint8Array[] {
  const messages: Uint8Array[] = [];
  expectSession(
    converse(...sides(kind, session), (message) => {
      messages.push(message);
      return [message];
    }),
  );
  return messages;
}

/**
 * What must hold whatever was done to the messages: a side is through only when it has heard, byte for
 * byte, what the other one has said; and when one has heard anything else, one of them has noticed. It
 * may be the other one: what is said in the clear shows in the first sealed message.
 */
function expectUnfooled({ dialer, responder }: Conversation): void {
  for (const [end, other] of [
    [dialer, responder],
    [responder, dialer],
  ] as const) {
    const same = end.heard.every((message, i) => hex(message) === hex(other.said[i] ?? pattern(1)));
    if (end.established !== undefined) expect(same).toBe(true);
    if (!same) expect(end.failure ?? other.failure).toBeDefined();
  }
  const through = [dialer, responder].every((end) => end.established !== undefined && !end.cut);
  if (through) expectSession({ dialer, responder });
}

const inserted = (message: Uint8Array, at: number, extra: Uint8Array): Uint8Array => {
  const place = at % (message.length + 1);
  return Uint8Array.of(...message.subarray(0, place), ...extra, ...message.subarray(place));
};

const flipped = (message: Uint8Array, place: number): Uint8Array => {
  const copy = Uint8Array.from(message);
  const bit = place % (8 * copy.length);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
};

/** What may be done to one message. `said`: all the receiver itself has said before. */
type Change = (
  message: Uint8Array,
  said: readonly Uint8Array[],
  kind: Kind,
  index: number,
) => Uint8Array[];

const some = fc.uint8Array({ minLength: 1, maxLength: 60 });
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.nat().map(
    (place): Change =>
      (m) => [flipped(m, place)],
  ),
  fc.nat().map(
    (place): Change =>
      (m) => [m.subarray(0, place % m.length)],
  ),
  fc.nat().map(
    (place): Change =>
      (m) => [m.subarray(1 + (place % m.length))],
  ),
  fc.tuple(fc.nat(), some).map(
    ([place, extra]): Change =>
      (m) => [inserted(m, place, extra)],
  ),
  some.map(
    (rubbish): Change =>
      () => [rubbish],
  ),
  fc.constant<Change>((m) => [m, m]),
  fc.constant<Change>(() => []),
  // Of another session of the same two peers.
  fc.constant<Change>((_, __, kind, index) => [messagesOf(kind, 1)[index] ?? pattern(9)]),
  // The receiver's own words.
  fc.nat().map(
    (which): Change =>
      (_, said) => [said[which % said.length] ?? pattern(9)],
  ),
);

describe.each(kinds)("a handshake %s", (kind) => {
  test("is through only for a side that heard exactly what was said", () => {
    fc.assert(
      fc.property(fc.nat(5), change, (at, apply) => {
        const said: Record<Side, Uint8Array[]> = { dialer: [], responder: [] };
        expectUnfooled(
          talk(kind, (message, index, to) => {
            said[to === "dialer" ? "responder" : "dialer"].push(message);
            return index === at ? apply(message, said[to], kind, index) : [message];
          }),
        );
      }),
      { numRuns: 150 },
    );
  });

  test("fails for whoever hears messages in another order", () => {
    const count = messagesOf(kind).length;
    for (let first = 0; first < count; first++) {
      for (let second = 0; second < count; second++) {
        const messages = messagesOf(kind);
        const conversation = talk(kind, (message, index) => {
          if (index === first) return [messages[second] ?? message];
          if (index === second) return [messages[first] ?? message];
          return [message];
        });
        if (first === second) expectSession(conversation);
        else expectUnfooled(conversation);
      }
    }
  });

  test("fails for whoever hears a message that was changed in any one of its bytes", () => {
    const messages = messagesOf(kind);
    messages.forEach((message, at) => {
      for (let byte = 0; byte < message.length; byte++) {
        const conversation = talk(kind, (honest, index) =>
          index === at ? [flipped(honest, 8 * byte + (byte % 8))] : [honest],
        );
        expectUnfooled(conversation);
        const hearer = at === 0 || at === 3 || at === 5 ? "responder" : "dialer";
        expect(conversation[hearer].established).toBeUndefined();
      }
    });
  });
});

test("the bit of a point that X25519 does not look at is looked at, too", () => {
  for (const at of [0, 1]) {
    const conversation = talk("plain", (message, index) =>
      index === at ? [flipped(message, 8 * 33 + 7)] : [message],
    );
    expectUnfooled(conversation);
    expect(conversation.dialer.established).toBeUndefined();
  }
});

test("a side never takes what was said in another session", () => {
  for (const kind of kinds) {
    const [alice, bob] = sides(kind);
    const [m1, m2, m3, m4, m5, m6] = messagesOf(kind, 1);
    for (const [handshake, messages] of [
      [new DialerHandshake(alice), [m2, m3, m5]],
      [new ResponderHandshake(bob), [m1, m4, m6]],
    ] as const) {
      const end = new End(handshake);
      end.take(handshake.start());
      for (const message of messages) end.hear(message ?? pattern(20));
      expect([end.failure?.code, end.established]).toEqual(["HANDSHAKE_FAILED", undefined]);
    }
  }
});
