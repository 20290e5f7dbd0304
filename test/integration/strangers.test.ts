import { describe, expect, it } from "vitest";
import { frame, Raw, upgradeRequest } from "../channel/sockets.ts";
import { isTroupeError } from "../support/errors.ts";
import { addressOf, join, listening, newPeer, next } from "../support/mesh.ts";
import { hear, startChild } from "./children.ts";
import { liveBytes } from "./memory.ts";

const MIB = 1024 * 1024;
const HELLO = Buffer.concat([Buffer.from([2, 1]), Buffer.alloc(32, 9)]);

describe("2,000 silent, slow and endless dialers at once", { timeout: 30_000 }, () => {
  it("do not keep a good one out, cost little, are cut in time and leave nothing behind", async () => {
    const server = await listening({ timeouts: { handshake: 2000 } });
    server.role("svc").onRequest("ping", () => "pong");
    const friend = newPeer();
    await join(friend, server);
    const before = await liveBytes();
    const flood = startChild("flood.child.ts", String(server.port));
    expect(await hear(flood)).toBe("there");
    const begun = performance.now();
    const ended = hear(flood);

    const good = newPeer();
    const met = next(good, "unit");
    // Refused at first perhaps: all places in the handshake are taken. A permanent dialer tries again.
    good.connect(addressOf(server)).catch(() => {});
    await met;
    expect(performance.now() - begun).toBeLessThan(3000);
    expect((await good.destination("svc").request("ping")).data).toBe("pong");
    expect((await friend.destination("svc").request("ping")).data).toBe("pong");
    expect((await liveBytes()) - before).toBeLessThan(24 * MIB);

    expect(await ended).toMatchObject({ closed: 2000 });
    expect(performance.now() - begun).toBeLessThan(4000);
    expect(server.units).toHaveLength(2);
    await expect.poll(async () => (await liveBytes()) - before).toBeLessThan(4 * MIB);
  });
});

describe("a stranger", () => {
  it("that has upgraded and is silent is cut when its time is over, which runs from its connection on", async () => {
    const server = await listening({ timeouts: { handshake: 300 } });
    const begun = performance.now();
    const raw = await Raw.upgraded(server.port ?? 0);
    await raw.closed;
    expect(performance.now() - begun).toBeGreaterThan(280);
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  it("that drips its handshake byte by byte is cut when its time is over", async () => {
    const server = await listening({ timeouts: { handshake: 300 } });
    const begun = performance.now();
    const raw = await Raw.upgraded(server.port ?? 0);
    const message = frame(Buffer.concat([HELLO, Buffer.alloc(1000)]));
    let at = 0;
    const timer = setInterval(() => raw.write(message.subarray(at, ++at)), 5);
    await raw.closed;
    clearInterval(timer);
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  it("that begins a handshake and stops is cut when its time is over, and the user is told", async () => {
    const server = await listening({ timeouts: { handshake: 300 } });
    const heard = next(server, "auth_error");
    const raw = await Raw.upgraded(server.port ?? 0);
    raw.write(frame(HELLO));
    await raw.closed;
    expect((await heard)[0]).toEqual(isTroupeError("HANDSHAKE_FAILED", "not done within"));
    expect(server.units).toEqual([]);
  });

  it.each([
    ["pings", frame("x".repeat(100), { opcode: 9 })],
    ["pongs", frame("x".repeat(100), { opcode: 10 })],
    ["empty pieces of one message", frame("", { opcode: 0, flags: 0 })],
  ])("that sends %s for ever is cut after 4 KiB", async (_what, chunk) => {
    const server = await listening();
    const raw = await Raw.upgraded(server.port ?? 0);
    if (chunk.length < 20) raw.write(frame("", { opcode: 2, flags: 0 }));
    let sent = 0;
    const begun = performance.now();
    const timer = setInterval(() => {
      for (let i = 0; i < 50; i++) {
        raw.write(chunk);
        sent += chunk.length;
      }
    }, 1);
    await raw.closed;
    clearInterval(timer);
    expect(sent).toBeGreaterThan(3000);
    // Not by its time, which is 5 seconds.
    expect(performance.now() - begun).toBeLessThan(2000);
    await join(newPeer(), server);
  });

  it("sees nothing of who is there before it has proved who it is", async () => {
    const server = await listening({ name: "a secret name", tags: { secret: "tag" } });
    server.role("secret role");
    const raw = await Raw.upgraded(server.port ?? 0);
    raw.write(frame(HELLO));
    await expect.poll(() => raw.received.length).toBeGreaterThan(250);
    const seen = raw.received;
    raw.socket.destroy();
    for (const word of ["secret", server.id, process.version.slice(1)]) {
      expect(seen.includes(word)).toBe(false);
    }
    expect(seen.includes(Buffer.from(server.id, "hex"))).toBe(false);
  });
});

describe("when all places in the handshake are taken", () => {
  it("a newcomer gets 503 before the upgrade, and a place once somebody has dawdled too long", async () => {
    const server = await listening({ limits: { handshakes: 2 } });
    const dawdlers = [await Raw.upgraded(server.port ?? 0), await Raw.upgraded(server.port ?? 0)];
    const early = await Raw.open(server.port ?? 0);
    early.write(upgradeRequest());
    expect(await early.status()).toBe(503);
    const good = newPeer();
    const met = next(good, "unit");
    good.connect(addressOf(server)).catch(() => {});
    await met;
    await dawdlers[0]?.closed;
    expect(dawdlers[1]?.socket.closed).toBe(false);
    for (const { socket } of dawdlers) socket.destroy();
  });

  it("those who are in time keep theirs", async () => {
    const server = await listening({ limits: { handshakes: 1 } });
    for (let i = 0; i < 5; i++) await join(newPeer(), server);
    expect(server.units).toHaveLength(5);
  });
});
