import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { provider } from "../../src/crypto/default.node.ts";
import type { CryptoProvider, Sealed } from "../../src/crypto/provider.ts";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { DialerHandshake } from "../../src/session/dialer.ts";
import { ResponderHandshake } from "../../src/session/responder.ts";
import { party } from "../session/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { channels, End, NAME } from "./support.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

/** How long each piece of crypto takes, in order; none for those that are done at once. */
type Delays = () => number | undefined;

/** A provider that seals and opens as late as it is told, and so in any order. */
function late(clock: VirtualClock, delay: Delays): CryptoProvider {
  const later = <T>(work: () => T): T | Promise<T> => {
    const ms = delay();
    if (ms === undefined) return work();
    // What is bound at the call is computed at the call, as a provider has to.
    const outcome = attempt(work);
    return new Promise((resolve, reject) => {
      clock.after(ms, () => {
        if ("value" in outcome) resolve(outcome.value);
        else reject(outcome.thrown);
      });
    });
  };
  return {
    ...provider,
    aead: (key) => {
      const aead = provider.aead(key) as {
        seal(counter: number, plaintext: Uint8Array): Sealed;
        open(counter: number, sealed: Uint8Array): Uint8Array;
      };
      return {
        seal: (counter, plaintext) => later(() => aead.seal(counter, plaintext)),
        open: (counter, sealed) => later(() => aead.open(counter, sealed)),
      };
    },
  };
}

function attempt<T>(work: () => T): { value: T } | { thrown: unknown } {
  try {
    return { value: work() };
  } catch (thrown) {
    return { thrown };
  }
}

/** Delays from a list, again and again. */
function taking(delays: readonly (number | undefined)[]): Delays {
  let at = 0;
  return () => delays[at++ % Math.max(delays.length, 1)];
}

async function latePair(clock: VirtualClock, delays: Delays): Promise<readonly [End, End]> {
  const [near, far] = channels(clock, { highWater: 1024 });
  const crypto = late(clock, delays);
  const ends = [
    new End(near, "dialer", clock, { crypto }),
    new End(far, "responder", clock, { crypto }),
  ] as const;
  await clock.advance(2000);
  return ends;
}

describe("crypto that answers late, and in any order", () => {
  const delays = fc.array(fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }), {
    minLength: 1,
    maxLength: 8,
  });
  const traffic = fc.array(
    fc.record({ size: fc.constantFrom(0, 100, 70_000), pause: fc.nat(30) }),
    {
      maxLength: 12,
    },
  );

  test("keeps messages and answers in order in both directions", async () => {
    await fc.assert(
      fc.asyncProperty(delays, traffic, async (delays, sends) => {
        const clock = new VirtualClock();
        const [dialer, responder] = await latePair(clock, taking(delays));
        const call = dialer.ask("first");
        const sent: string[] = [];
        for (const [i, { size, pause }] of sends.entries()) {
          const text = `${i} ${"x".repeat(size)}`;
          sent.push(text);
          for (const { connection } of [dialer, responder]) {
            connection.send(NAME, undefined, encodePayload(text));
          }
          await clock.advance(pause);
        }
        await clock.advance(500);
        responder.owner.requests[0]?.answer(encodePayload("answer"));
        await clock.advance(500);
        expect(dialer.owner.messages).toEqual(sent);
        expect(responder.owner.messages).toEqual(sent);
        expect(call.outcomes).toEqual(["answer"]);
        expect([dialer.connection.buffered, responder.connection.buffered]).toEqual([0, 0]);
        expect([dialer.connection.open, responder.connection.open]).toEqual([true, true]);
      }),
      { numRuns: 60 },
    );
  });

  test("lets all that was sent leave before a polite end", async () => {
    const clock = new VirtualClock();
    const [near, far] = channels(clock);
    const crypto = late(clock, taking([40, 10, undefined, 5]));
    const dialer = new End(near, "dialer", clock, { crypto });
    const responder = new End(far, "responder", clock);
    await clock.advance(1000);
    for (let i = 0; i < 6; i++) {
      dialer.connection.send(NAME, undefined, encodePayload(i));
      await clock.settle();
    }
    dialer.connection.close(new TroupeError("CLOSED", "done"));
    await clock.advance(1000);
    expect(responder.owner.messages).toEqual([0, 1, 2, 3, 4, 5]);
    expect(responder.owner.reason).toEqual(isTroupeError("DISCONNECTED", '"CLOSED", "done"'));
    expect(dialer.owner.events.at(-1)).toBe("gone");
  });

  test("counts what is being sealed as waiting, refuses more of it, and takes it again afterwards", async () => {
    const clock = new VirtualClock();
    // One record at a time never fills the channel, so it is not the channel that says it is empty.
    const [near, far] = channels(clock, { highWater: 120_000 });
    let ms = 0;
    const crypto = late(clock, () => {
      ms += 100;
      return ms;
    });
    const dialer = new End(near, "dialer", clock, { crypto, limits: { sendBuffer: 150_000 } });
    const responder = new End(far, "responder", clock);
    await clock.advance(2000);
    for (let i = 0; i < 2; i++) {
      dialer.connection.send(NAME, undefined, encodePayload("x".repeat(100_000)));
    }
    expect(dialer.connection.buffered).toBeGreaterThan(200_000);
    expect(() => dialer.ask()).toThrow(isTroupeError("OVERLOADED"));
    await clock.advance(5000);
    expect(responder.owner.messages.length).toBe(2);
    expect(dialer.owner.events).toContain("drained");
    expect(() => dialer.ask()).not.toThrow();
  });

  test("ends the connection when it fails to seal", async () => {
    const clock = new VirtualClock();
    const [near, far] = channels(clock);
    let failing = false;
    const delays = late(clock, () => 10);
    const crypto: CryptoProvider = {
      ...delays,
      aead: (key) => {
        const aead = delays.aead(key);
        return {
          open: (counter, sealed) => aead.open(counter, sealed),
          seal: (counter, plaintext) =>
            failing ? Promise.reject(new Error("the key was lost")) : aead.seal(counter, plaintext),
        };
      },
    };
    const dialer = new End(near, "dialer", clock, { crypto });
    new End(far, "responder", clock);
    await clock.advance(1000);
    failing = true;
    const call = dialer.ask();
    await clock.advance(1000);
    expect(call.outcomes).toEqual([isTroupeError("OUTCOME_UNKNOWN", "the key was lost")]);
    expect(dialer.owner.events.at(-1)).toBe("gone");
  });

  test("ends the connection when a record does not open, after those before it were heard", async () => {
    const clock = new VirtualClock();
    const [near, far] = channels(clock);
    const crypto = late(clock, taking([30, 20, 10]));
    const dialer = new End(near, "dialer", clock);
    const responder = new End(far, "responder", clock, { crypto });
    await clock.advance(1000);
    dialer.connection.send(NAME, undefined, encodePayload("honest"));
    await clock.settle();
    near.send(new Uint8Array(40));
    dialer.connection.send(NAME, undefined, encodePayload("behind it"));
    await clock.advance(1000);
    expect(responder.owner.messages).toEqual(["honest"]);
    expect(responder.owner.reason).toEqual(isTroupeError("PROTOCOL", "changed, repeated or lost"));
  });

  test("hears what came before a polite end, though it is opened after it", async () => {
    const clock = new VirtualClock();
    const [near, far] = channels(clock);
    const dialer = new End(near, "dialer", clock);
    const responder = new End(far, "responder", clock, { crypto: late(clock, () => 40) });
    await clock.advance(1000);
    dialer.connection.send(NAME, undefined, encodePayload("last words"));
    dialer.connection.close(new TroupeError("CLOSED", "done"));
    await clock.advance(1000);
    expect(responder.owner.messages).toEqual(["last words"]);
    expect(responder.owner.reason).toEqual(isTroupeError("DISCONNECTED", '"CLOSED", "done"'));
    expect(responder.owner.events.at(-1)).toBe("gone");
  });

  test("may keep so many records waiting, and no more", async () => {
    const clock = new VirtualClock();
    const [near, far] = channels(clock);
    let delay: number | undefined;
    const crypto = late(clock, () => delay);
    const dialer = new End(near, "dialer", clock);
    const responder = new End(far, "responder", clock, { crypto });
    await clock.advance(1000);
    delay = 1000;
    for (let i = 0; i < 1024; i++) {
      dialer.connection.send(NAME, undefined, encodePayload(i));
      clock.flush();
    }
    expect(responder.connection.open).toBe(true);
    dialer.connection.send(NAME, undefined, encodePayload("one too many"));
    clock.flush();
    expect(responder.owner.reason).toEqual(
      isTroupeError("LIMIT", "faster than they can be opened"),
    );
    await clock.advance(2000);
    expect(responder.owner.messages).toEqual([]);
  });

  test("is of no use for a handshake, whose messages are small", () => {
    const crypto = late(new VirtualClock(), () => 1);
    const start = (): ReturnType<ResponderHandshake["receive"]> => {
      const [m1 = new Uint8Array()] = new DialerHandshake(party(crypto, "alice")).start().send;
      return new ResponderHandshake(party(crypto, "bob")).receive(m1);
    };
    expect(start().failure).toEqual(
      isTroupeError("HANDSHAKE_FAILED", "answers small records late"),
    );
  });
});
