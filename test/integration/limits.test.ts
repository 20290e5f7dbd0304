import type { Destination, Peer } from "troupe";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { Log, listening, newPeer, next, pair, rejection, signal, turn } from "../support/mesh.ts";
import { openProxy, type TcpProxy } from "../support/proxy.ts";
import { expectServed, served } from "./served.ts";

describe("a payload that is too large", () => {
  const limits = { messageBytes: 10_000 };
  const large = "x".repeat(10_001);

  it("for this side is BAD_PAYLOAD before it is sent", async () => {
    const { server, client } = await pair({}, { limits });
    server.role("svc").onRequest("echo", (ctx) => ctx.data);
    const svc = await client.destination("svc").whenReady();
    const tooLarge = isTroupeError("BAD_PAYLOAD", "at most 10000");
    expect(await rejection(svc.request("echo", large))).toEqual(tooLarge);
    expect(() => svc.send("echo", large)).toThrow(tooLarge);
    expect(() => svc.broadcast("echo", large)).toThrow(tooLarge);
    expect((await svc.request("echo", large.slice(1))).data).toBe(large.slice(1));
  });

  it("for the other side is, too: it has told what it takes", async () => {
    const { server, client } = await pair({ limits }, {});
    server.role("svc").onRequest("echo", (ctx) => ctx.data);
    const svc = await client.destination("svc").whenReady();
    expect(await rejection(svc.request("echo", large))).toEqual(isTroupeError("BAD_PAYLOAD"));
    expect((await svc.request("echo", "small")).data).toBe("small");
  });

  it("as an answer is BAD_PAYLOAD for the caller, whichever side does not take it", async () => {
    for (const [ours, theirs] of [
      [{ limits }, {}],
      [{}, { limits }],
    ] as const) {
      const { server, client } = await pair(ours, theirs);
      server.role("svc").onRequest("large", () => large);
      server.role("svc").onRequest("ping", () => "pong");
      const svc = await client.destination("svc").whenReady();
      expect(await rejection(svc.request("large"))).toEqual(isTroupeError("BAD_PAYLOAD"));
      await expectServed(svc);
    }
  });

  it("as the details of a failure leaves the failure without them", async () => {
    const { server, svc } = await served({ limits });
    server.role("svc").onRequest("fail", () => {
      throw Object.assign(new Error("broken"), { details: large });
    });
    const error = await rejection(svc.request("fail"));
    expect(error).toEqual(isTroupeError("REJECTED", "broken"));
    expect(error).toMatchObject({ details: undefined });
  });
});

describe("metadata that cannot travel is BAD_ARGUMENT before it is sent:", () => {
  it.each<[string, Record<string, unknown>]>([
    ["a value that is no text", { a: 5 }],
    ["a key too long", { ["k".repeat(256)]: "" }],
    ["a value too long", { a: "v".repeat(4097) }],
    ["too many", Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, ""]))],
  ])("%s", async (_what, metadata) => {
    const { svc } = await served();
    const target = { event: "ping", metadata: metadata as Record<string, string> };
    expect(await rejection(svc.request(target))).toEqual(isTroupeError("BAD_ARGUMENT"));
    expect(() => svc.send(target)).toThrow(isTroupeError("BAD_ARGUMENT"));
    await expectServed(svc);
  });
});

describe("too many requests at once", () => {
  it("for the other side are OVERLOADED here, and those within its limit are served", async () => {
    const { server, svc } = await served({ limits: { requests: 3 } });
    const go = signal();
    server.role("svc").onRequest("wait", () => go.promise.then(() => "done"));
    const asked = [1, 2, 3].map(() => svc.request("wait"));
    expect(await rejection(svc.request("wait"))).toEqual(isTroupeError("OVERLOADED", "3 requests"));
    go.fire();
    for (const { data } of await Promise.all(asked)) expect(data).toBe("done");
    await expectServed(svc);
  });
});

describe("a unit that does not read", () => {
  const chunk = new Uint8Array(64 * 1024);
  const sendBuffer = 512 * 1024;

  /** A peer whose unit has stopped reading, and what is between them. */
  async function stalled(): Promise<{ client: Peer; svc: Destination; proxy: TcpProxy }> {
    const server = await listening();
    server.role("svc").onRequest("ping", () => "pong");
    const proxy = await openProxy(server.port);
    const client = newPeer({ limits: { sendBuffer } });
    await client.connect(proxy.address, { permanent: false });
    const svc = await client.destination("svc").whenReady();
    proxy.last.stall();
    return { client, svc, proxy };
  }

  /** Sends until it may not any more. */
  async function sendUntilRefused(svc: Destination): Promise<unknown> {
    for (let i = 0; i < 1000; i++) {
      try {
        svc.send("note", chunk);
      } catch (error) {
        return error;
      }
      await turn();
    }
    return "never refused";
  }

  it("makes calls OVERLOADED when more than the limit waits for it, and is left out of broadcasts", async () => {
    const { client, svc } = await stalled();
    const [unit] = client.units;
    expect(await sendUntilRefused(svc)).toEqual(isTroupeError("OVERLOADED", `${sendBuffer} bytes`));
    expect(unit?.buffered).toBeLessThan(sendBuffer + 2 * chunk.length);
    expect(await rejection(svc.request("ping"))).toEqual(isTroupeError("OVERLOADED"));
    expect(svc.broadcast("note", 1)).toEqual([]);
    expect(client.publish("news")).toBe(0);
  });

  it("holds up whoever awaits drained(), until it reads again", async () => {
    const { client, svc, proxy } = await stalled();
    const [unit] = client.units;
    if (unit === undefined) throw new Error("nobody is there");
    await sendUntilRefused(svc);
    let drained = false;
    const waiting = unit.drained().then(() => {
      drained = true;
    });
    await turn();
    expect(drained).toBe(false);
    proxy.last.resume();
    await waiting;
    await expectServed(svc);
  });

  it("and asks all the same is cut: its answers would pile up", async () => {
    const server = await listening({ limits: { sendBuffer }, logger: new Log() });
    server.role("svc").onRequest("large", () => chunk);
    const proxy = await openProxy(server.port);
    const client = newPeer();
    const met = next(server, "unit");
    await client.connect(proxy.address, { permanent: false });
    const [back] = await met;
    const svc = await client.destination("svc").whenReady();
    const closed = next(back, "close");
    proxy.last.stall("down");
    const asked = Array.from({ length: 200 }, () => rejection(svc.request("large")));
    expect((await closed)[0]).toEqual(isTroupeError("LIMIT", "unread"));
    proxy.last.cut();
    for (const error of await Promise.all(asked)) {
      expect(error).toEqual(isTroupeError("OUTCOME_UNKNOWN"));
    }
  });
});
