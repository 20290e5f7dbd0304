import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Channel, ChannelReceiver } from "../../src/channel/channel.ts";
import { provider } from "../../src/crypto/default.node.ts";
import type { CryptoProvider, MaybePromise } from "../../src/crypto/provider.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Mate, Mates, Wire } from "./resume-support.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

/** A channel whose user hears late what has come, even when the channel is closed by then. */
class Late {
  readonly channel: Channel;
  readonly #held: (() => void)[] = [];
  #holding = false;

  constructor(channel: Channel) {
    const hear = (what: () => void): void => {
      if (this.#holding) this.#held.push(what);
      else what();
    };
    this.channel = {
      remote: channel.remote,
      get buffered() {
        return channel.buffered;
      },
      start: (receiver: ChannelReceiver) =>
        channel.start({
          message: (bytes) => {
            const copy = bytes.slice();
            hear(() => receiver.message(copy));
          },
          drained: () => hear(() => receiver.drained()),
          closed: (end) => hear(() => receiver.closed(end)),
        }),
      send: (...parts) => channel.send(...parts),
      admit: () => channel.admit(),
      close: () => channel.close(),
      abort: () => channel.abort(),
    };
  }

  hold(): void {
    this.#holding = true;
  }

  /** @returns how much was held */
  release(): number {
    this.#holding = false;
    const held = this.#held.splice(0);
    for (const what of held) what();
    return held.length;
  }
}

/** Two whose first channel may be heard late by the responder. */
function scene(): { clock: VirtualClock; dialer: Mate; responder: Mate; wire: Wire; late: Late } {
  const clock = new VirtualClock();
  const [dialer, responder] = [new Mate(clock, "dialer"), new Mate(clock, "responder")];
  const wire = new Wire(clock);
  const late = new Late(wire.far);
  responder.meet(late.channel, "responder");
  dialer.meet(wire.near, "dialer");
  clock.flush();
  return { clock, dialer, responder, wire, late };
}

describe("a channel that was given up for another one", () => {
  test("is not heard any more, though what comes by it was sent before", () => {
    const { clock, dialer, responder, wire, late } = scene();
    late.hold();
    dialer.say("once");
    const call = dialer.ask("asked");
    clock.flush();
    wire.near.abort();
    clock.flush();
    expect([dialer.connection.suspended, responder.connection.suspended]).toEqual([true, false]);
    const next = new Wire(clock);
    responder.meet(next.far, "responder");
    dialer.meet(next.near, "dialer");
    clock.flush();
    expect(responder.owner.messages).toEqual(["once"]);
    // The record, and the end of the channel.
    expect(late.release()).toBe(2);
    clock.flush();
    expect([responder.owner.messages, responder.owner.requests.length]).toEqual([["once"], 1]);
    expect([dialer.connection.suspended, responder.connection.suspended]).toEqual([false, false]);
    responder.owner.requests[0]?.answer(encodePayload("answer"));
    clock.flush();
    expect(call.outcomes).toEqual(["answer"]);
  });

  test("is not heard by its dialer while that waits for RESUME by another one", () => {
    const { clock, dialer, responder, wire } = scene();
    responder.say("before");
    clock.flush();
    wire.cut();
    clock.flush();
    responder.say("once");
    clock.flush();
    const [first, second] = [new Wire(clock, true), new Wire(clock)];
    const late = new Late(first.near);
    responder.meet(first.far, "responder");
    dialer.meet(late.channel, "dialer");
    // As far as the last step of the handshake; RESUME and what follows comes too late.
    while (dialer.later[0]?.events.length === 0) first.deliver();
    late.hold();
    first.flow();
    clock.flush();
    expect(dialer.connection.suspended).toBe(true);
    responder.meet(second.far, "responder");
    dialer.meet(second.near, "dialer");
    clock.flush();
    expect(dialer.owner.messages).toEqual(["before", "once"]);
    expect(late.release()).toBeGreaterThan(0);
    clock.flush();
    expect(dialer.owner.messages).toEqual(["before", "once"]);
    expect([dialer.connection.suspended, dialer.owner.reason]).toEqual([false, undefined]);
  });
});

describe("a dial that arrives when the connection goes on by another channel already", () => {
  test.each([0, 1, 100])("takes nothing with it, %i messages later", (count) => {
    const mates = new Mates();
    mates.cut();
    // That it is given up is lost on the way, as all else there.
    mates.dialer.owner.onResumed = () => {};
    const old = mates.dial(mates.dialer, true);
    // The last step of the handshake, which says how much had come, is on its way.
    for (let i = 0; i < 3; i++) old.deliver();
    mates.redial();
    expect(mates.dialer.connection.suspended).toBe(false);
    const call = mates.dialer.ask("asked");
    const sent = Array.from({ length: count }, (_, i) => i);
    for (const i of sent) {
      mates.responder.say(i);
      mates.clock.flush();
    }
    old.flow();
    mates.clock.flush();
    for (let i = 0; i < 3 && mates.dialer.connection.suspended; i++) mates.redial();
    mates.responder.owner.requests[0]?.answer(encodePayload("answer"));
    mates.clock.flush();
    expect([mates.dialer.owner.messages, call.outcomes]).toEqual([sent, ["answer"]]);
    expect(mates.both.map(({ connection }) => connection.suspended)).toEqual([false, false]);
  });
});

/** How late each piece of crypto is, in milliseconds, in order and again and again; none for not at all. */
type Delays = readonly (number | undefined)[];

/** A provider that is late with all that is large enough not to belong to a handshake. */
function late(clock: VirtualClock, delays: Delays): CryptoProvider {
  let at = 0;
  const later = <T>(length: number, value: MaybePromise<T>): MaybePromise<T> => {
    const ms = length < 300 ? undefined : delays[at++ % delays.length];
    if (ms === undefined) return value;
    return new Promise((resolve) => void clock.after(ms, () => resolve(value)));
  };
  return {
    ...provider,
    aead: (key) => {
      const aead = provider.aead(key);
      return {
        seal: (counter, plaintext) => later(plaintext.length, aead.seal(counter, plaintext)),
        open: (counter, sealed) => later(sealed.length, aead.open(counter, sealed)),
      };
    },
  };
}

/** What comes after some milliseconds. */
interface Step {
  readonly pause: number;
  readonly size: number;
  readonly what: "say" | "cut";
}

const step: fc.Arbitrary<Step> = fc.record({
  pause: fc.nat(30),
  size: fc.constantFrom(0, 1000, 70_000),
  what: fc.constantFrom("say", "say", "say", "cut"),
});

/** Both say the same. */
function say(mates: Mates, sent: string[], size: number): void {
  const text = `${sent.length} ${"x".repeat(size)}`;
  sent.push(text);
  for (const mate of mates.both) mate.say(text);
}

/** They lose each other; the dialer dials as soon as it knows. */
async function meetAgain(mates: Mates): Promise<void> {
  mates.wire.cut();
  await mates.clock.settle();
  // Whose crypto is late hears of the end late.
  while (!mates.dialer.connection.suspended) await mates.clock.advance(10);
  mates.dial();
}

describe("crypto that answers late", () => {
  test("brings nothing of a channel that was given up, nothing twice, and nothing out of order", async () => {
    const delays = fc.array(fc.option(fc.integer({ min: 1, max: 50 })), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(delays, fc.array(step, { maxLength: 20 }), async (delays, steps) => {
        const clock = new VirtualClock();
        const crypto = late(
          clock,
          delays.map((ms) => ms ?? undefined),
        );
        const mates = new Mates({ crypto }, { crypto }, clock);
        await clock.advance(100);
        const sent: string[] = [];
        for (const { pause, size, what } of steps) {
          if (what === "say") say(mates, sent, size);
          else await meetAgain(mates);
          await clock.advance(pause);
        }
        await clock.advance(1000);
        for (const { owner } of mates.both)
          expect([owner.reason, owner.messages]).toEqual([undefined, sent]);
      }),
      { numRuns: 40 },
    );
  });
});
