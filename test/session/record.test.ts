import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { provider as node } from "../../src/crypto/default.node.ts";
import { noble } from "../../src/crypto/noble.ts";
import type { CryptoProvider } from "../../src/crypto/provider.ts";
import { RecordLayer, type RekeyRule, SEAL_BYTES } from "../../src/session/record.ts";
import { flipped, hex, pattern, whole } from "../crypto/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { Spy } from "./spy.ts";
import { converse, now, party } from "./support.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

const [FORTH, BACK] = [pattern(32, 1), pattern(32, 2)];

/** Two ends of one session. */
const ends = (
  one: CryptoProvider = node,
  other: CryptoProvider = node,
  rule?: RekeyRule,
): readonly [RecordLayer, RecordLayer] => [
  new RecordLayer(one, FORTH, BACK, rule),
  new RecordLayer(other, BACK, FORTH, rule),
];

const sealedBy = (end: RecordLayer, ...lengths: readonly number[]): Uint8Array[] =>
  lengths.map((length) => whole(end.seal(pattern(length))));

const refused = isTroupeError("PROTOCOL", "changed, repeated or lost");

describe("records", () => {
  test("come out as they went in, both ways and across providers, and are 16 bytes longer", () => {
    const [one, other] = ends(node, noble);
    for (const length of [0, 1, 100, 70_000]) {
      for (const [from, to] of [
        [one, other],
        [other, one],
      ] as const) {
        const sealed = whole(from.seal(pattern(length)));
        expect(sealed.length).toBe(length + SEAL_BYTES);
        expect(hex(now(to.open(sealed)))).toBe(hex(pattern(length)));
      }
    }
  });

  test("are refused once one bit of one of them is another", () => {
    for (let bit = 0; bit < 8 * (4 + SEAL_BYTES); bit++) {
      const [one, other] = ends();
      const [sealed = pattern(0)] = sealedBy(one, 4);
      expect(() => other.open(flipped(sealed, bit))).toThrow(refused);
    }
  });

  test.each([
    ["repeated", [0, 0]],
    ["lost", [1]],
    ["in another order", [1, 0]],
    ["repeated later", [0, 1, 0]],
  ])("are refused when one is %s", (_, order) => {
    const [one, other] = ends();
    const sealed = sealedBy(one, 10, 10);
    const last = order.pop();
    for (const index of order) {
      try {
        now(other.open(sealed[index] ?? pattern(0)));
      } catch {
        // Only the last one is looked at.
      }
    }
    expect(() => other.open(sealed[last ?? 0] ?? pattern(0))).toThrow(refused);
  });

  test("are refused by the side that sealed them", () => {
    const [one, other] = ends();
    const [sealed = pattern(0)] = sealedBy(one, 10);
    sealedBy(other, 10);
    expect(() => one.open(sealed)).toThrow(refused);
  });

  test("of another session are refused", () => {
    const sessions = [1, 2].map(() => converse(party(node, "alice"), party(node, "bob")));
    const alice = party(node, "alice");
    const again = converse(alice, party(node, "bob", { random: (n) => pattern(n, 3) }));
    const [from, to] = [sessions[0]?.dialer.established, again.responder.established];
    if (from === undefined || to === undefined) throw new Error("not established");
    const sealed = whole(from.records.seal(pattern(10)));
    expect(() => to.records.open(sealed)).toThrow(refused);
  });

  test.each([0, 1, 15])("of %i bytes are refused", (length) => {
    const [one] = ends();
    expect(() => one.open(pattern(length))).toThrow(
      isTroupeError("PROTOCOL", "shorter than its seal"),
    );
  });

  test("are refused with the same error when the provider answers later", async () => {
    const late: CryptoProvider = {
      ...node,
      aead: (key) => {
        const aead = node.aead(key);
        return {
          ...aead,
          seal: aead.seal.bind(aead),
          open: async (n, sealed) => aead.open(n, sealed),
        };
      },
    };
    const [one, other] = ends(node, late);
    const [first = pattern(0), second = pattern(0)] = sealedBy(one, 10, 11);
    const opened = [other.open(first), other.open(flipped(second, 5))];
    expect(hex((await opened[0]) ?? pattern(0))).toBe(hex(pattern(10)));
    await expect(opened[1]).rejects.toThrow(refused);
  });
});

describe("re-keying", () => {
  const rule = fc.record({
    records: fc.integer({ min: 1, max: 5 }),
    bytes: fc.integer({ min: 1, max: 300 }),
  });
  const traffic = fc.array(fc.record({ back: fc.boolean(), length: fc.nat(200) }), {
    maxLength: 40,
  });

  test("happens on both sides at the same record, and no counter comes twice under one key", () => {
    fc.assert(
      fc.property(rule, traffic, (rule, records) => {
        const spies = [new Spy(node), new Spy(noble)] as const;
        const [one, other] = ends(spies[0].crypto, spies[1].crypto, rule);
        for (const { back, length } of records) {
          const [from, to] = back ? [other, one] : [one, other];
          expect(hex(now(to.open(whole(from.seal(pattern(length))))))).toBe(hex(pattern(length)));
        }
        const used = spies.flatMap(({ sealings }) =>
          sealings.map(({ key, counter }) => `${hex(key)} ${counter}`),
        );
        expect(used.length).toBe(records.length);
        expect(new Set(used).size).toBe(used.length);
      }),
    );
  });

  test("replaces a key after so many records, and its counter starts again", () => {
    const spy = new Spy(node);
    const [one] = ends(spy.crypto, node, { records: 3, bytes: 1e9 });
    sealedBy(one, 1, 1, 1, 1, 1, 1, 1);
    expect(spy.sealings.map(({ counter }) => counter)).toEqual([0, 1, 2, 0, 1, 2, 0]);
    const [second, third] = spy.derived("rekey");
    expect(spy.sealings.map(({ key }) => hex(key))).toEqual(
      [FORTH, FORTH, FORTH, second, second, second, third].map((key) => hex(key ?? pattern(0))),
    );
  });

  test("replaces a key after so many bytes of plaintext, empty records not counting", () => {
    const spy = new Spy(node);
    const [one] = ends(spy.crypto, node, { records: 1e9, bytes: 100 });
    sealedBy(one, 50, 0, 49, 1, 250, 100, 7);
    expect(spy.sealings.map(({ counter }) => counter)).toEqual([0, 1, 2, 3, 0, 0, 0]);
  });

  test("of one direction leaves the other alone", () => {
    const spy = new Spy(node);
    const [one] = ends(spy.crypto, node, { records: 2, bytes: 1e9 });
    sealedBy(one, 1, 1, 1);
    expect(spy.derivations.map(({ key }) => hex(key ?? pattern(0)))).toEqual([hex(FORTH)]);
  });

  test("makes records of the old key worthless, and of the new key before their time", () => {
    const rule = { records: 2, bytes: 1e9 };
    const [one] = ends(node, node, rule);
    const [first = pattern(0), second = pattern(0), third = pattern(0)] = sealedBy(one, 9, 9, 9);
    const [, early] = ends(node, node, rule);
    expect(() => early.open(third)).toThrow(refused);
    const [, late] = ends(node, node, rule);
    now(late.open(first));
    now(late.open(second));
    expect(() => late.open(first)).toThrow(refused);
  });

  test("comes after 2^20 records or 2^36 bytes when nothing else is said", () => {
    let keys = 0;
    const hollow: CryptoProvider = {
      ...node,
      aead: () => {
        keys++;
        return {
          seal: (_, ciphertext) => ({ ciphertext, tag: ciphertext }),
          open: (_, sealed) => sealed,
        };
      },
    };
    const [byRecords] = ends(hollow, node);
    const before = keys;
    const nothing = pattern(0);
    for (let i = 0; i < 2 ** 20 - 1; i++) now(byRecords.seal(nothing));
    expect(keys - before).toBe(0);
    now(byRecords.seal(nothing));
    expect(keys - before).toBe(1);
    const [byBytes] = ends(hollow, node);
    const lengthOnly = { length: 2 ** 35 } as Uint8Array;
    now(byBytes.seal(lengthOnly));
    const between = keys;
    now(byBytes.seal(lengthOnly));
    expect(keys - between).toBe(1);
  });
});

test("a counter is spent even when sealing fails", () => {
  const spent: number[] = [];
  const failing: CryptoProvider = {
    ...node,
    aead: () => ({
      seal: (counter) => {
        spent.push(counter);
        throw new Error("out of memory");
      },
      open: (_, sealed) => sealed,
    }),
  };
  const [one] = ends(failing, node);
  expect(() => one.seal(pattern(1))).toThrow("out of memory");
  expect(() => one.seal(pattern(1))).toThrow("out of memory");
  expect(spent).toEqual([0, 1]);
});

test("no key and counter come twice in all of a session, from its handshake on", () => {
  const spy = new Spy(node);
  const rekey = { records: 2, bytes: 1e9 };
  const { dialer, responder } = converse(
    party(spy.crypto, "alice", { rekey }),
    party(spy.crypto, "bob", { rekey }),
  );
  for (let i = 0; i < 9; i++) {
    for (const end of [dialer, responder]) now(end.established?.records.seal(pattern(i)));
  }
  const used = spy.sealings.map(({ key, counter }) => `${hex(key)} ${counter}`);
  expect(used.length).toBe(3 + 18);
  expect(new Set(used).size).toBe(used.length);
});
