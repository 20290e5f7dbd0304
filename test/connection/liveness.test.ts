import { describe, expect, test } from "vitest";
import { Liveness } from "../../src/connection/native/liveness.ts";

const BEAT = 10_000;

/** Beats at its time; `answer` is when the pong comes after it, if at all. */
function beatAt(liveness: Liveness, now: number, answer?: number): string {
  const verdict = liveness.beat(now);
  if (verdict === "dead") return verdict;
  const nonce = liveness.ping(now);
  if (answer !== undefined) {
    liveness.heard();
    liveness.pong(nonce, now + answer);
  }
  return verdict;
}

describe("liveness", () => {
  test("finds a link dead at the second heartbeat after it went silent", () => {
    const liveness = new Liveness(BEAT, 0);
    expect(beatAt(liveness, 0, 5)).toBe("ping");
    expect(beatAt(liveness, BEAT, 5)).toBe("ping");
    expect(beatAt(liveness, 2 * BEAT)).toBe("ping");
    expect(beatAt(liveness, 3 * BEAT)).toBe("dead");
  });

  test("takes anything that is heard for a sign of life", () => {
    const liveness = new Liveness(BEAT, 0);
    for (let beat = 0; beat < 5; beat++) {
      expect(beatAt(liveness, beat * BEAT)).toBe("ping");
      liveness.heard();
    }
    expect(beatAt(liveness, 5 * BEAT)).toBe("ping");
    expect(beatAt(liveness, 6 * BEAT)).toBe("dead");
  });

  test("gives a ping that has left between two heartbeats its time", () => {
    const liveness = new Liveness(BEAT, 0);
    expect(beatAt(liveness, 0, 5)).toBe("ping");
    liveness.ping(0.9 * BEAT);
    expect(beatAt(liveness, BEAT)).toBe("ping");
    expect(beatAt(liveness, 2 * BEAT)).toBe("dead");
  });

  test("forgives a beat that is late itself: the answer may be waiting to be read", () => {
    const liveness = new Liveness(BEAT, 0);
    expect(beatAt(liveness, 0)).toBe("ping");
    expect(beatAt(liveness, 1.6 * BEAT)).toBe("ping");
    expect(beatAt(liveness, 2.6 * BEAT)).toBe("dead");
  });

  test("does not forgive a beat that is a little late", () => {
    const liveness = new Liveness(BEAT, 0);
    expect(beatAt(liveness, 0)).toBe("ping");
    expect(beatAt(liveness, 1.4 * BEAT)).toBe("dead");
  });

  test("measures the round trip, the first as it is, later ones smoothed by an eighth", () => {
    const liveness = new Liveness(BEAT, 0);
    expect(liveness.rtt).toBeUndefined();
    beatAt(liveness, 0, 80);
    expect(liveness.rtt).toBe(80);
    beatAt(liveness, BEAT, 160);
    expect(liveness.rtt).toBe(90);
  });

  test("learns no time from a pong that answers nothing, the last ping but one, or the same one again", () => {
    const liveness = new Liveness(BEAT, 0);
    liveness.pong(0, 5);
    const first = liveness.ping(0);
    const second = liveness.ping(10);
    liveness.pong(first, 20);
    liveness.pong(second + 1, 20);
    expect(liveness.rtt).toBeUndefined();
    liveness.pong(second, 40);
    liveness.pong(second, 4000);
    expect(liveness.rtt).toBe(30);
  });
});
