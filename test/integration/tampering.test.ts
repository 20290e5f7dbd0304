import { createHash } from "node:crypto";
import type { Destination, Peer, TroupeError } from "troupe";
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
  turn,
} from "../support/mesh.ts";
import {
  type Direction,
  flipOneBit,
  openProxy,
  randomFrom,
  type Tamper,
} from "../support/proxy.ts";

const sum = (data: unknown): string => createHash("md5").update(String(data)).digest("hex");

/** A role `svc` whose handlers check that what they get is what somebody sent. */
function serveChecked(peer: Peer, wrong: unknown[]): void {
  const check = ({ data }: { data: unknown }): unknown => {
    const { text, md5 } = data as { text: string; md5: string };
    if (sum(text) !== md5) wrong.push(data);
    return data;
  };
  peer.role("svc").onRequest("echo", check).onMessage("note", check);
}

/** Calls all the time until told to stop; returns how many answers were right, and adds wrong ones. */
async function callAllTheTime(
  svc: Destination,
  until: AbortSignal,
  random: () => number,
  wrong: unknown[],
): Promise<number> {
  let right = 0;
  while (!until.aborted) {
    const text = "x".repeat(Math.floor(random() * 3000)) + String(random());
    const sent = { text, md5: sum(text) };
    try {
      svc.send("note", sent);
      const { data } = await svc.request<typeof sent>({ event: "echo", timeout: 2000 }, sent);
      if (data.text === text && data.md5 === sent.md5) right++;
      else wrong.push(data);
    } catch {
      // Cut in the midst of it: go on when the connection is back.
      await turn();
      await svc.whenReady({ signal: until }).catch(() => {});
    }
  }
  return right;
}

it("flipped bits under load cut the connection, no handler sees wrong data, others go on, and it comes back each time", async () => {
  const wrong: unknown[] = [];
  const logger = new Log();
  const timeouts = { heartbeat: 250, handshake: 1000 };
  const server = await listening({ timeouts, logger });
  serveChecked(server, wrong);
  const bystander = newPeer({ timeouts });
  await bystander.connect(addressOf(server));
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const random = randomFrom(1);
  const untouched: unknown[] = [];
  const calm = callAllTheTime(bystander.destination("svc"), stop.signal, random, untouched);

  const victims = [11, 12, 13, 14].map(async (seed) => {
    // Somewhere after the handshake, in either direction by turns.
    const proxy = await openProxy(server.port, flipOneBit(seed, 1200, 40_000));
    const client = newPeer({ timeouts, logger: new Log() });
    const enough = signal();
    let cuts = 0;
    client.on("reconnect_success", () => {
      if (++cuts === 4) enough.fire();
    });
    await client.connect(proxy.address);
    const svc = client.destination("svc");
    const callers = [1, 2, 3, 4].map(() => callAllTheTime(svc, stop.signal, random, wrong));
    await enough.promise;
    return () => Promise.all(callers);
  });
  const ends = await Promise.all(victims);
  stop.abort();
  const right = (await Promise.all(ends.map((end) => end()))).flat();
  expect(right.reduce((one, other) => one + other)).toBeGreaterThan(100);
  expect(wrong).toEqual([]);
  expect(await calm).toBeGreaterThan(50);
  expect(untouched).toEqual([]);
  expect(bystander.units.map(({ closed }) => closed)).toEqual([false]);
  expect(logger.errors).toEqual([]);
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

it("a record that is cut off, repeated or left out ends the connection with a code", async () => {
  const server = await listening({ timeouts: { heartbeat: 250 } });
  server.role("svc").onRequest("echo", (ctx) => ctx.data);
  for (const what of ["repeated", "left out"]) {
    let armed = false;
    const proxy = await openProxy(server.port, (chunk, direction) => {
      if (!armed || direction === "down") return chunk;
      armed = false;
      return what === "repeated" ? Buffer.concat([chunk, chunk]) : undefined;
    });
    const client = newPeer({ timeouts: { heartbeat: 250 } });
    const { unit } = await client.connect(proxy.address, { permanent: false });
    const svc = await client.destination("svc").whenReady();
    expect((await svc.request("echo", 1)).data).toBe(1);
    const closed = next(unit, "close");
    armed = true;
    const asked = svc.request("echo", 2).then(({ data }) => data, String);
    expect((await closed)[0]).toEqual(isTroupeError("DISCONNECTED"));
    expect(await asked).not.toBe(1);
  }
});

describe("something between two peers that breaks the WebSocket protocol", () => {
  const breaches: readonly (readonly [string, Buffer])[] = [
    ["an unknown opcode", frame("x", { opcode: 3 })],
    ["a reserved bit", frame("x", { flags: 0xc0 })],
    ["a frame without its mask", frame("x", { masked: false })],
    ["a close code that is none", frame("\u0000\u0001", { opcode: 8 })],
    ["a ping in pieces", frame("x", { opcode: 9, flags: 0 })],
    ["a message that claims to be larger than allowed", frame("", { declared: 2n ** 40n })],
    ["a text", frame("hello", { opcode: 1 })],
    ["a record of nothing", frame("")],
    ["a record that nobody has sealed", frame("x".repeat(100))],
  ];

  it.each(breaches)("by %s cuts this connection, and nothing else", async (_what, bytes) => {
    const server = await listening({ logger: new Log() });
    server.role("svc").onRequest("echo", (ctx) => ctx.data);
    const bystander = newPeer();
    await join(bystander, server);
    const proxy = await openProxy(server.port);
    for (const direction of ["up", "down"] as const) {
      const client = newPeer();
      const met = next(server, "unit");
      const { unit } = await client.connect(proxy.address, { permanent: false });
      const [back] = await met;
      const ends = [next(unit, "close"), next(back, "close")];
      proxy.last.inject(direction, bytes);
      await Promise.all(ends);
      expect((await bystander.destination("svc").request("echo", 1)).data).toBe(1);
    }
  });
});
