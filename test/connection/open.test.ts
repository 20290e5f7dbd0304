import { describe, expect, test } from "vitest";
import { toHex } from "../../src/bytes/bytes.ts";
import type { Channel } from "../../src/channel/channel.ts";
import type { Connection } from "../../src/connection/connection.ts";
import { type Arrival, type Gate, type Judge, openConnection } from "../../src/connection/open.ts";
import { provider } from "../../src/crypto/default.node.ts";
import { TroupeError } from "../../src/errors.ts";
import type { Side } from "../../src/session/handshake.ts";
import { pattern } from "../crypto/support.ts";
import { keys } from "../session/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { channels, configOf, Owner, reached, TIME } from "./support.ts";

await provider.preparePake();

interface Options {
  readonly networkKey?: Uint8Array;
  readonly presharedKeys?: Readonly<Record<string, string>>;
  readonly judge?: Judge;
}

const signers = {
  dialer: provider.signer(pattern(32, 1)),
  responder: provider.signer(pattern(32, 2)),
};

function opening(
  channel: Channel,
  side: Side,
  clock: VirtualClock,
  options: Options = {},
): { owner: Owner; arrival: Arrival; readonly connection: Connection } {
  const owner = new Owner();
  const credentials = {
    crypto: provider,
    signer: signers[side],
    networkKey: options.networkKey,
    presharedKeys: keys(options.presharedKeys ?? {}),
    parameters: {
      instance: (side === "dialer" ? "d" : "e").repeat(32),
      durable: side === "dialer",
    },
  };
  const gate: Gate = { judge: options.judge ?? (() => undefined), find: () => undefined };
  const config = configOf(clock);
  return {
    owner,
    arrival: openConnection(channel, side, credentials, gate, config, owner, TIME),
    get connection() {
      return owner.connection ?? notOpen();
    },
  };
}

const notOpen = (): never => {
  throw new Error("it is not open");
};

function both(
  dialer: Options = {},
  responder: Options = {},
): {
  clock: VirtualClock;
  dialer: ReturnType<typeof opening>;
  responder: ReturnType<typeof opening>;
} {
  const clock = new VirtualClock();
  const [near, far] = channels(clock, { handshakeBytes: 4096 });
  const ends = {
    clock,
    responder: opening(far, "responder", clock, responder),
    dialer: opening(near, "dialer", clock, dialer),
  };
  clock.flush();
  return ends;
}

describe("a connection over a channel", () => {
  test("opens with identities, instances and the pre-shared key that both have proved", () => {
    const presharedKeys = { team: "qwerty456" };
    const { dialer, responder } = both({ presharedKeys }, { presharedKeys });
    expect(dialer.connection.remote).toMatchObject({
      id: toHex(signers.responder.publicKey),
      instance: "e".repeat(32),
      keyId: "team",
    });
    expect(responder.connection.remote).toMatchObject({
      id: toHex(signers.dialer.publicKey),
      instance: "d".repeat(32),
      keyId: "team",
    });
    expect([dialer.connection.remoteAddress, responder.connection.remoteAddress]).toEqual([
      "memory:2",
      "memory:1",
    ]);
  });

  test("asks about identity, instance and durability of the other side", () => {
    const asked: Parameters<Judge>[0][] = [];
    const judge: Judge = (candidate) => {
      asked.push(candidate);
      return undefined;
    };
    both({ judge }, { judge });
    expect(asked.map(({ parameters }) => parameters)).toEqual([
      { instance: "e".repeat(32), durable: false },
      { instance: "d".repeat(32), durable: true },
    ]);
  });

  test.each<[string, Options, Options, string, string]>([
    [
      "an objection of the dialer",
      { judge: () => new TroupeError("WRONG_PEER", "pinned") },
      {},
      "WRONG_PEER",
      "WRONG_PEER",
    ],
    [
      "an objection of the responder",
      {},
      { judge: () => new TroupeError("NOT_ALLOWED", "no") },
      "NOT_ALLOWED",
      "NOT_ALLOWED",
    ],
    [
      "a pre-shared key on one side",
      { presharedKeys: { a: "1" } },
      {},
      "NO_COMMON_KEY",
      "NO_COMMON_KEY",
    ],
    [
      "another network key",
      { networkKey: pattern(32) },
      { networkKey: pattern(32, 1) },
      "HANDSHAKE_FAILED",
      "HANDSHAKE_FAILED",
    ],
  ])("fails on both sides by %s, and nobody hears more", (_, one, other, here, there) => {
    const { clock, dialer, responder } = both(one, other);
    expect([dialer.owner.failure?.code, responder.owner.failure?.code]).toEqual([here, there]);
    expect(dialer.owner.events).toEqual(["failed", "gone"]);
    expect(responder.owner.events).toEqual(["failed", "gone"]);
    expect(clock.timers).toBe(0);
  });

  test("is cut when a dialer says too much, before anybody looks at it", () => {
    const clock = new VirtualClock();
    const [near, far] = channels(clock, { handshakeBytes: 4096 });
    const { owner } = opening(far, "responder", clock);
    near.send(new Uint8Array(4097));
    clock.flush();
    expect(owner.failure).toEqual(isTroupeError("HANDSHAKE_FAILED", "more than 4096 bytes"));
  });

  test("fails when the other side hangs up in the middle", () => {
    const clock = new VirtualClock();
    const [near, far] = channels(clock);
    const { owner } = opening(near, "dialer", clock);
    far.close();
    clock.flush();
    expect(owner.failure).toEqual(
      isTroupeError("HANDSHAKE_FAILED", "hung up during the handshake"),
    );
  });

  test("can be given up while it opens", () => {
    const clock = new VirtualClock();
    const [near] = channels(clock);
    const { owner, arrival } = opening(near, "dialer", clock);
    const reason = new TroupeError("CANCELLED", "enough");
    arrival.abort(reason);
    clock.flush();
    expect([owner.failure, owner.events, clock.timers]).toEqual([reason, ["failed", "gone"], 0]);
  });

  test("shows nobody until it is open", () => {
    const { connection } = reached().end;
    expect(connection.open).toBe(false);
    expect(() => connection.remote).toThrow(isTroupeError("PROTOCOL", "has not introduced itself"));
  });
});
