import { describe, expect, test } from "vitest";
import { provider as node } from "../../src/crypto/default.node.ts";
import { noble } from "../../src/crypto/noble.ts";
import { hex, pattern } from "../crypto/support.ts";
import { Spy } from "./spy.ts";
import { codes, converse, expectSession, keys, party } from "./support.ts";

await node.preparePake();

const networkKey = pattern(32, 7);

describe.each([
  ["node with node", node, node],
  ["noble with noble", noble, noble],
  ["node with noble", node, noble],
  ["noble with node", noble, node],
])("%s", (_, first, second) => {
  test("come to a session in five messages, and each knows who the other is", () => {
    const [alice, bob] = [party(first, "alice"), party(second, "bob")];
    const { dialer, responder } = converse(alice, bob);
    expectSession({ dialer, responder });
    expect([dialer.said.length, responder.said.length]).toEqual([2, 3]);
    expect(hex(dialer.established?.identity ?? pattern(0))).toBe(hex(bob.signer.publicKey));
    expect(hex(responder.established?.identity ?? pattern(0))).toBe(hex(alice.signer.publicKey));
    expect(dialer.established?.keyId).toBeUndefined();
  });

  test("come to a session under a network key", () => {
    expectSession(
      converse(party(first, "alice", { networkKey }), party(second, "bob", { networkKey })),
    );
  });

  test("come to a session in six messages by a pre-shared key", () => {
    const conversation = converse(
      party(first, "alice", { presharedKeys: keys({ other: "x", team: "qwerty456" }) }),
      party(second, "bob", { presharedKeys: keys({ team: "qwerty456" }) }),
    );
    expectSession(conversation);
    const { dialer, responder } = conversation;
    expect([dialer.said.length, responder.said.length]).toEqual([3, 3]);
    expect([dialer.established?.keyId, responder.established?.keyId]).toEqual(["team", "team"]);
  });
});

describe("a handshake", () => {
  test("hands each side's parameters to the other, empty and as long as they may be", () => {
    const { dialer, responder } = converse(
      party(node, "alice", { parameters: pattern(0) }),
      party(node, "bob", { parameters: pattern(255) }),
    );
    expect(hex(responder.established?.parameters ?? pattern(1))).toBe("");
    expect(hex(dialer.established?.parameters ?? pattern(1))).toBe(hex(pattern(255)));
  });

  test("gives both sides the same four keys, all different", () => {
    const spies = [new Spy(node), new Spy(noble)] as const;
    converse(party(spies[0].crypto, "alice"), party(spies[1].crypto, "bob"));
    const labels = ["handshake", "traffic"].flatMap((phase) => [
      `${phase} dialer to responder`,
      `${phase} responder to dialer`,
    ]);
    const [one, other] = spies.map((spy) => labels.map((label) => hex(spy.first(label))));
    expect(one).toEqual(other);
    expect(new Set(one).size).toBe(4);
  });

  test("gives other keys in every session of the same two peers", () => {
    const spy = new Spy(node);
    const [alice, bob] = [party(spy.crypto, "alice"), party(node, "bob")];
    converse(alice, bob);
    converse(alice, bob);
    const found = spy.derived("traffic dialer to responder").map(hex);
    expect(new Set(found).size).toBe(2);
  });

  test("asks each side about the other once it has proved who it is", () => {
    const asked: string[][] = [];
    const judge = (identity: Uint8Array, parameters: Uint8Array): undefined => {
      asked.push([hex(identity), Buffer.from(parameters).toString()]);
    };
    const [alice, bob] = [party(node, "alice", { judge }), party(node, "bob", { judge })];
    expectSession(converse(alice, bob));
    expect(asked).toEqual([
      [hex(bob.signer.publicKey), "about bob"],
      [hex(alice.signer.publicKey), "about alice"],
    ]);
  });

  test("takes the first key in the dialer's order that the responder has, too", () => {
    const { dialer, responder } = converse(
      party(node, "alice", { presharedKeys: keys({ c: "3", b: "2", a: "1" }) }),
      party(node, "bob", { presharedKeys: keys({ a: "1", b: "2" }) }),
    );
    expectSession({ dialer, responder });
    expect([dialer.established?.keyId, responder.established?.keyId]).toEqual(["b", "b"]);
  });

  test("takes eight keys of the longest id, and more than fit are left out", () => {
    const ids = Array.from({ length: 9 }, (_, i) => String(i).repeat(64));
    const all = keys(Object.fromEntries(ids.map((id) => [id, id])));
    const last = (count: number): Map<string, Uint8Array> =>
      new Map([...all].filter(([id]) => id === ids[count - 1]));
    const alice = party(node, "alice", { presharedKeys: all, parameters: pattern(255) });
    expectSession(converse(alice, party(node, "bob", { presharedKeys: last(8) })));
    const ninth = converse(alice, party(node, "bob", { presharedKeys: last(9) }));
    expect(codes(ninth)).toEqual(["NO_COMMON_KEY", "NO_COMMON_KEY"]);
  });

  test("fails, and does not throw, on a message after its end", () => {
    const { dialer, responder } = converse(party(node, "alice"), party(node, "bob"));
    for (const { handshake } of [dialer, responder]) {
      const { failure, send } = handshake.receive(pattern(50));
      expect([failure?.code, send]).toEqual(["HANDSHAKE_FAILED", []]);
    }
  });

  test("fails on a message longer than any may be, without reading it", () => {
    const { dialer } = converse(party(node, "alice"), party(node, "bob"), () => []);
    const { failure } = dialer.handshake.receive(pattern(2049));
    expect(failure?.message).toContain("2049 bytes");
  });

  test("fails when a judge throws", () => {
    const judge = (): undefined => {
      throw new Error("no database");
    };
    const conversation = converse(party(node, "alice"), party(node, "bob", { judge }));
    expect(conversation.responder.failure?.message).toContain("no database");
    expect(codes(conversation)).toEqual([undefined, "HANDSHAKE_FAILED"]);
  });
});
