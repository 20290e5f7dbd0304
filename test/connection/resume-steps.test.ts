import { describe, expect, test } from "vitest";
import { Mates, type Wire } from "./resume-support.ts";
import { Use, zeros } from "./streams-support.ts";
import type { Asked } from "./support.ts";

/** Both talk, in two ticks: messages, requests, streams. */
class Talk {
  readonly mates: Mates = new Mates();
  readonly #calls: Asked[] = [];
  readonly #uses: Use[] = [];

  constructor() {
    for (const { owner } of this.mates.both) {
      owner.onWork = () => {
        const event = owner.events.at(-1);
        const request = owner.requests.at(-1);
        if (event === "request") request?.answer(request.payload);
        if (event !== "stream") return;
        const use = new Use(true);
        this.#uses.push(use);
        owner.streams.at(-1)?.use(use);
        use.end.demand();
      };
    }
  }

  begin(): void {
    for (const mate of this.mates.both) {
      mate.say("first");
      this.#calls.push(mate.ask("asked"));
      const end = mate.stream("writable", new Use());
      end.write(zeros(1000));
      end.end();
    }
    this.mates.clock.flush();
    for (const mate of this.mates.both) mate.say("second");
    this.mates.clock.flush();
  }

  /** All is there, once and in order. */
  check(): void {
    for (const { owner } of this.mates.both) {
      expect(owner.messages).toEqual(["first", "second"]);
      expect([owner.requests.length, owner.streams.length]).toEqual([1, 1]);
    }
    expect(this.#calls.map(({ outcomes }) => outcomes)).toEqual([["asked"], ["asked"]]);
    expect(this.#uses.map(({ count, events }) => [count, events.at(-1)])).toEqual([
      [1000, "ended"],
      [1000, "ended"],
    ]);
    expect(this.mates.both.map(({ connection }) => connection.load)).toEqual([0, 0]);
  }
}

/** Makes so many steps, one of each end's by turns. */
function advance({ clock }: Mates, wire: Wire, steps: number): boolean {
  for (let i = 0; i < steps; i++) {
    clock.flush();
    if (wire.waiting === 0) return false;
    wire.deliver(i);
  }
  return true;
}

describe("a channel that is lost after any step", () => {
  test("takes nothing with it, and what the next one brings comes once", () => {
    for (let steps = 0, more = true; more; steps++) {
      const talk = new Talk();
      const { mates } = talk;
      mates.wire.stall();
      talk.begin();
      more = advance(mates, mates.wire, steps);
      if (!more) expect(steps).toBeGreaterThan(5);
      mates.cut();
      mates.wire.flow();
      mates.clock.flush();
      mates.redial();
      talk.check();
    }
  });

  test("takes nothing with it while the connection is being resumed", () => {
    for (let steps = 0, more = true; more; steps++) {
      for (const which of [0, 1] as const) {
        const talk = new Talk();
        const { mates } = talk;
        const dialing = mates.both[which];
        mates.wire.stall();
        talk.begin();
        advance(mates, mates.wire, 2);
        mates.cut();
        mates.wire.flow();
        mates.clock.flush();
        const wire = mates.dial(dialing, true);
        more = advance(mates, wire, steps);
        if (!more) expect(steps).toBeGreaterThan(5);
        mates.cut();
        wire.flow();
        mates.clock.flush();
        // The side that has gone on already need not be told that the other one has not.
        mates.redial(dialing);
        talk.check();
        for (const { connection } of mates.both) expect(connection.suspended).toBe(false);
      }
    }
  });

  test("takes nothing with it when the next one is there before its end is noticed", () => {
    for (let steps = 0, more = true; more; steps++) {
      const talk = new Talk();
      const { mates } = talk;
      const { wire } = mates;
      wire.stall();
      talk.begin();
      more = advance(mates, wire, steps);
      wire.near.abort();
      // The end that has cut knows of it by the last step; the other one gets all before that, and later.
      wire.deliver(wire.waiting - 1);
      mates.clock.flush();
      mates.redial();
      wire.flow();
      mates.clock.flush();
      talk.check();
    }
  });
});
