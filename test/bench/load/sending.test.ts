import { EventEmitter, once } from "node:events";
import { describe, expect, it } from "vitest";
import { CHUNK } from "../../../bench/load/chunk.ts";
import { Sending } from "../../../bench/load/sending.ts";
import type { Sink } from "../../../bench/subjects/subject.ts";

/** Has room for three chunks; says "full", and goes on at "empty". */
class Tank extends EventEmitter implements Sink {
  level = 0;
  overflowed = false;
  ended = false;

  write(): boolean {
    this.overflowed ||= this.level >= 3;
    this.level++;
    return this.level < 3;
  }

  async drained(): Promise<void> {
    this.emit("full");
    await once(this, "empty");
    this.level = 0;
  }

  async end(): Promise<void> {
    this.ended = true;
  }
}

describe("sending of the bench", () => {
  it("stops at back-pressure and goes on after it", async () => {
    const tank = new Tank();
    const sending = new Sending(tank);
    for (let time = 1; time <= 3; time++) {
      expect(sending.count).toBe(time * 3 * CHUNK);
      const full = once(tank, "full");
      tank.emit("empty");
      await full;
    }
    expect(tank.overflowed).toBe(false);

    const stopped = sending.stop();
    tank.emit("empty");
    await stopped;
    expect(tank.ended).toBe(true);
    expect(sending.count).toBe(12 * CHUNK);
  });

  it("gives others a turn when there is always room", async () => {
    const endless: Sink = { write: () => true, drained: async () => {}, end: async () => {} };
    const sending = new Sending(endless);
    await new Promise((resolve) => setImmediate(resolve));
    await sending.stop();
    expect(sending.count).toBeGreaterThan(0);
  });
});
