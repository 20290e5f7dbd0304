import { describe, expect, test } from "vitest";
import { noble } from "../../src/crypto/noble.ts";
import { RecordLayer } from "../../src/session/record.ts";
import { bytes, hex } from "../crypto/support.ts";
import { published } from "../support/published.ts";
import { plainHandshake, plainRekey } from "./plain-monte2.ts";
import { now } from "./support.ts";
import { makeSessionVectors, type SessionVectors } from "./vectors.ts";

const texts = published("session", makeSessionVectors());
const vectors = JSON.parse(texts.published) as SessionVectors;

describe("the published vectors of monte/2", () => {
  test("are what the code does, byte for byte", () => {
    expect(texts.made).toBe(texts.published);
  });

  test.each(vectors.handshakes)("hold for the protocol written out plainly: $comment", (vector) => {
    expect(plainHandshake(vector)).toEqual(vector);
  });

  test("hold for re-keying written out plainly", () => {
    expect(plainRekey(vectors.rekey)).toEqual(vectors.rekey.records);
  });

  test.each(vectors.handshakes)(
    "have records that the other provider opens: $comment",
    (vector) => {
      const { dialerToResponder: forth, responderToDialer: back } = vector.trafficKeys;
      const layers = {
        dialer: new RecordLayer(noble, bytes(back), bytes(forth)),
        responder: new RecordLayer(noble, bytes(forth), bytes(back)),
      };
      for (const { from, plaintext, bytes: record } of vector.records) {
        expect(hex(now(layers[from].open(bytes(record))))).toBe(plaintext);
      }
    },
  );
});
