import type { Destination, Peer, TroupeError, Unit } from "troupe";
import { describe, expect, it, onTestFinished } from "vitest";
import { frame } from "../channel/sockets.ts";
import { isTroupeError } from "../support/errors.ts";
import {
  addressOf,
  join,
  Log,
  listening,
  newPeer,
  next,
  rejection,
  signal,
  UNRESUMED,
} from "../support/mesh.ts";
import {
  type Direction,
  flipOneBit,
  type Link,
  openProxy,
  randomFrom,
  type Tamper,
} from "../support/proxy.ts";
import { callAllTheTime, serveChecked, type Tally, tally } from "./checked.ts";

/** A peer that serves, somebody who calls it undisturbed, and others in whose connections bits flip. */
interface Scene {
  readonly logger: Log;
  readonly heard: Tally;
  readonly calm: Tally;
  /** All that the calm one has noticed of its connection. */
  readonly noticed: readonly string[];
  readonly disturbed: Tally;
}

/**
 * Calls all the time while bits flip somewhere after the handshake, in either direction by turns.
 *
 * @param resume - milliseconds of the grace of those whose bits flip
 * @param seeds - one for each of them
 * @param enough - resolves when one of them has been disturbed often enough
 */
async function flipUnderLoad(
  resume: number,
  seeds: readonly number[],
  enough: (client: Peer, unit: Unit) => Promise<void>,
): Promise<Scene> {
  const logger = new Log();
  const timeouts = { heartbeat: 250, handshake: 1000 };
  const server = await listening({ timeouts, logger });
  const heard = serveChecked(server);
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const random = randomFrom(1);
  const [calm, disturbed] = [tally(), tally()];
  const bystander = newPeer({ timeouts });
  const { unit: steady } = await bystander.connect(addressOf(server));
  const noticed: string[] = [];
  for (const event of ["suspend", "close"] as const) steady.on(event, () => noticed.push(event));
  const callers = [callAllTheTime(bystander.destination("svc"), stop.signal, random, calm)];

  const victims = seeds.map(async (seed) => {
    const proxy = await openProxy(server.port, flipOneBit(seed, 1200, 40_000));
    const client = newPeer({ timeouts: { ...timeouts, resume } });
    const { unit } = await client.connect(proxy.address);
    const over = enough(client, unit);
    const svc = client.destination("svc");
    for (let i = 0; i < 4; i++) callers.push(callAllTheTime(svc, stop.signal, random, disturbed));
    await over;
  });
  await Promise.all(victims);
  stop.abort();
  await Promise.all(callers);
  return { logger, heard, calm, noticed, disturbed };
}

/** Resolves when `listen` has been called back so often. */
function times(count: number, listen: (listener: () => void) => unknown): Promise<void> {
  const { promise, fire } = signal();
  let called = 0;
  listen(() => {
    if (++called === count) fire();
  });
  return promise;
}

describe("flipped bits under load", () => {
  it("cost channels and nothing else: no call fails, no data is lost or wrong, others notice nothing", async () => {
    const closed: unknown[] = [];
    const scene = await flipUnderLoad(10_000, [11, 12, 13, 14], (_client, unit) => {
      unit.on("close", (reason) => closed.push(reason));
      return times(4, (listener) => unit.on("resume", listener));
    });
    const { logger, heard, calm, noticed, disturbed } = scene;
    expect(closed).toEqual([]);
    expect([disturbed.failed, disturbed.wrong, calm.failed, calm.wrong]).toEqual([[], [], [], []]);
    expect(disturbed.right).toBeGreaterThan(100);
    expect(calm.right).toBeGreaterThan(50);
    // Each request came once, and so did each message that was sent before one.
    expect(heard.wrong).toEqual([]);
    expect(heard.notes).toBe(disturbed.notes + calm.notes);
    expect(heard.right).toBe(2 * heard.notes);
    expect(noticed).toEqual([]);
    expect(logger.errors).toEqual([]);
  });

  it("end connections without a grace: no handler sees wrong data, others notice nothing, and they come back each time", async () => {
    const scene = await flipUnderLoad(0, [15, 16], (client) =>
      times(3, (listener) => client.on("reconnect_success", listener)),
    );
    const { logger, heard, calm, noticed, disturbed } = scene;
    expect([heard.wrong, disturbed.wrong, calm.wrong, calm.failed]).toEqual([[], [], [], []]);
    expect(disturbed.failed.length).toBeGreaterThanOrEqual(6);
    expect(disturbed.right).toBeGreaterThan(50);
    expect(calm.right).toBeGreaterThan(50);
    expect(noticed).toEqual([]);
    expect(logger.errors).toEqual([]);
  });
});

it("a bit flipped in any byte of the handshake keeps the two apart, with a code, and nothing reaches a handler", async () => {
  const timeouts = { handshake: 300, heartbeat: 300 };
  const server = await listening({ timeouts });
  let failed = 0;
  const units: unknown[] = [];
  server.on("unit", (unit) => units.push(unit));
  const random = randomFrom(3);
  const attempt = async (direction: Direction, byte: number): Promise<unknown> => {
    const proxy = await openProxy(server.port, afterUpgrade(direction, byte, random));
    const client = newPeer({ timeouts });
    const error = await rejection(client.connect(proxy.address, { permanent: false }));
    expect(client.units).toEqual([]);
    return error;
  };
  // With their WebSocket headers m1 and m4 take 180 bytes, and m2, m3 and m5 take 192.
  for (let byte = 0; byte < 180; byte += 10) {
    const bytes = Array.from({ length: 10 }, (_, i) => byte + i);
    const attempts = bytes.flatMap((at) => [attempt("up", at), attempt("down", at)]);
    for (const error of await Promise.all(attempts)) {
      // A length that was changed lets the other side wait for what never comes.
      const { code } = error as TroupeError;
      expect(["HANDSHAKE_FAILED", "CONNECT_FAILED"]).toContain(code);
      if (code === "HANDSHAKE_FAILED") failed++;
    }
  }
  expect(failed).toBeGreaterThan(250);
  expect(units).toEqual([]);
  await newPeer().connect(addressOf(server));
});

/** Turns one bit over in the `byte`-th byte that follows the HTTP upgrade in one direction. */
function afterUpgrade(direction: Direction, byte: number, random: () => number): Tamper {
  let upgraded: number | undefined;
  return (chunk, way, at) => {
    if (way !== direction) return chunk;
    if (upgraded === undefined) {
      const end = chunk.indexOf("\r\n\r\n");
      if (end >= 0) upgraded = at + end + 4;
    }
    const index = (upgraded ?? Number.POSITIVE_INFINITY) + byte - at;
    if (index >= 0 && index < chunk.length) {
      chunk[index] = (chunk[index] ?? 0) ^ (1 << Math.floor(random() * 8));
    }
    return chunk;
  };
}

it("a bit flipped in the handshake of a redial costs one redial more", async () => {
  const timeouts = { handshake: 500 };
  const server = await listening({ timeouts });
  server.role("svc").onRequest("echo", (ctx) => ctx.data);
  const random = randomFrom(4);
  /** Resolves to what goes on while the three redials that follow are tampered with. */
  const connected = async (direction: Direction, byte: number): Promise<() => Promise<void>> => {
    const tampers = new Map<Link, Tamper>();
    const proxy = await openProxy(server.port, (chunk, way, at, link) => {
      const redial = proxy.links.indexOf(link);
      if (redial < 1 || redial > 3) return chunk;
      const tamper = tampers.get(link) ?? afterUpgrade(direction, byte + 7 * redial, random);
      tampers.set(link, tamper);
      return tamper(chunk, way, at, link);
    });
    const client = newPeer({ timeouts });
    const { unit } = await client.connect(proxy.address, { permanent: false });
    const svc = await client.destination("svc").whenReady();
    // Only what is open on both sides can go on.
    await svc.request("echo");
    return async () => {
      const resumed = next(unit, "resume");
      proxy.last.cut();
      expect((await svc.request("echo", byte)).data).toBe(byte);
      await resumed;
      expect([unit.closed, proxy.links.length]).toEqual([false, 5]);
    };
  };
  const goesOn: (() => Promise<void>)[] = [];
  for (let byte = 0; byte < 168; byte += 21) {
    goesOn.push(await connected("up", byte), await connected("down", byte));
  }
  await Promise.all(goesOn.map((go) => go()));
});

describe("a record that is", () => {
  const ways: readonly (readonly [string, Tamper])[] = [
    ["cut off", (chunk) => chunk.subarray(0, -1)],
    ["repeated", (chunk) => Buffer.concat([chunk, chunk])],
    ["left out", () => undefined],
  ];

  /** A client that has asked once; the next thing it sends is tampered with after `arm()`. */
  async function asking(
    tamper: Tamper,
    resume: number,
  ): Promise<{ unit: Unit; svc: Destination; asked: unknown[]; arm: () => void }> {
    const timeouts = { heartbeat: 250, resume };
    const server = await listening({ timeouts });
    const asked: unknown[] = [];
    server.role("svc").onRequest("echo", ({ data }) => {
      asked.push(data);
      return data;
    });
    let armed = false;
    const proxy = await openProxy(server.port, (chunk, direction, at, link) => {
      if (!armed || direction === "down") return chunk;
      armed = false;
      return tamper(chunk, direction, at, link);
    });
    const client = newPeer({ timeouts });
    const { unit } = await client.connect(proxy.address, { permanent: false });
    const svc = await client.destination("svc").whenReady();
    expect((await svc.request("echo", 1)).data).toBe(1);
    const arm = (): void => {
      armed = true;
    };
    return { unit, svc, asked, arm };
  }

  it.each(ways)(
    "%s costs the channel, and the connection goes on by another",
    async (_, tamper) => {
      const { unit, svc, asked, arm } = await asking(tamper, 10_000);
      const [suspended, resumed] = [next(unit, "suspend"), next(unit, "resume")];
      arm();
      const answer = svc.request("echo", 2);
      expect((await suspended)[0]).toEqual(isTroupeError("DISCONNECTED"));
      await resumed;
      expect((await answer).data).toBe(2);
      expect(asked).toEqual([1, 2]);
      expect(unit.closed).toBe(false);
    },
  );

  it.each(ways)("%s ends a connection without a grace, with a code", async (_, tamper) => {
    const { unit, svc, arm } = await asking(tamper, 0);
    const closed = next(unit, "close");
    arm();
    const answer = svc.request("echo", 2).then(({ data }) => data, String);
    expect((await closed)[0]).toEqual(isTroupeError("DISCONNECTED"));
    expect(await answer).not.toBe(1);
  });
});

describe("something between two peers that breaks the WebSocket protocol", () => {
  const breaches: readonly (readonly [string, Buffer])[] = [
    ["an unknown opcode", frame("x", { opcode: 3 })],
    ["a reserved bit", frame("x", { flags: 0xc0 })],
    ["a frame without its mask", frame("x", { masked: false })],
    ["a close code that is none", frame("\u0000\u0001", { opcode: 8 })],
    ["a goodbye that nobody has said", frame("\u0003\u00e8", { opcode: 8 })],
    ["a ping in pieces", frame("x", { opcode: 9, flags: 0 })],
    ["a message that claims to be larger than allowed", frame("", { declared: 2n ** 40n })],
    ["a text", frame("hello", { opcode: 1 })],
    ["a record of nothing", frame("")],
    ["a record that nobody has sealed", frame("x".repeat(100))],
  ];

  it.each(breaches)("by %s costs this channel, and nothing else", async (_what, bytes) => {
    const server = await listening({ logger: new Log() });
    server.role("svc").onRequest("echo", (ctx) => ctx.data);
    const bystander = newPeer();
    const { there: steady } = await join(bystander, server);
    const noticed: unknown[] = [];
    steady.on("suspend", (reason) => noticed.push(reason));
    const proxy = await openProxy(server.port);
    const client = newPeer();
    const met = next(server, "unit");
    const { unit } = await client.connect(proxy.address, { permanent: false });
    const [back] = await met;
    const svc = await client.destination("svc").whenReady();
    for (const direction of ["up", "down"] as const) {
      const [suspended, resumed] = [next(unit, "suspend"), next(unit, "resume")];
      const asked = svc.request("echo", direction);
      proxy.last.inject(direction, bytes);
      await suspended;
      await resumed;
      expect((await asked).data).toBe(direction);
      expect([unit.closed, back.closed, back.suspended]).toEqual([false, false, false]);
    }
    expect((await bystander.destination("svc").request("echo", 1)).data).toBe(1);
    expect(noticed).toEqual([]);
  });

  it.each(breaches)("by %s ends a connection without a grace", async (_what, bytes) => {
    const server = await listening({ logger: new Log(), ...UNRESUMED });
    const proxy = await openProxy(server.port);
    for (const direction of ["up", "down"] as const) {
      const client = newPeer();
      const met = next(server, "unit");
      const { unit } = await client.connect(proxy.address, { permanent: false });
      const [back] = await met;
      const ends = [next(unit, "close"), next(back, "close")];
      proxy.last.inject(direction, bytes);
      await Promise.all(ends);
    }
  });
});
