import type { Context, Peer } from "troupe";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { join, Log, newPeer, next, pair, rejection, signal, turn } from "../support/mesh.ts";
import { expectServed, served } from "./served.ts";

const once = { retry: 0 };

/** A role with handlers that run until they are let go, in the order in which they came. */
function held(peer: Peer, options: object): { waiting: ((value: string) => void)[] } {
  const waiting: ((value: string) => void)[] = [];
  const role = peer.role("svc", options);
  role.onRequest("wait", () => new Promise((resolve) => waiting.push(resolve)));
  return { waiting };
}

/** Resolves when `reached` is so; each turn of the event loop it is looked at again. */
async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await turn();
}

/** Keeps the process busy. */
function burn(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const NOTHING = { running: 0, queued: 0, refused: 0, dropped: 0, expired: 0 };

describe("a role with bounds", () => {
  it("lets calls wait, refuses the rest with a hint, and goes on", async () => {
    const { server, svc } = await served();
    const role = server.role("svc");
    const { waiting } = held(server, { concurrency: 2, queue: 2 });
    const asked = [1, 2, 3, 4].map(() => svc.request({ event: "wait", ...once }));
    await until(() => role.load.queued === 2);
    const error = await rejection(svc.request({ event: "wait", ...once }));
    expect(error).toEqual(isTroupeError("OVERLOADED", 'role "svc" is busy: 2 of its handlers run'));
    expect(error).toMatchObject({ details: { retryAfter: expect.any(Number) } });
    expect(role.load).toEqual({ ...NOTHING, running: 2, queued: 2, refused: 1 });
    for (let answered = 0; answered < 4; answered++) {
      await until(() => waiting.length > 0);
      waiting.shift()?.("done");
    }
    for (const { data } of await Promise.all(asked)) expect(data).toBe("done");
    expect(role.load).toEqual({ ...NOTHING, refused: 1 });
    await expectServed(svc);
  });

  it("frees the place of a call whose caller gave up or is gone, and never starts it", async () => {
    const { server, client, svc } = await served();
    const role = server.role("svc");
    const { waiting } = held(server, { concurrency: 1 });
    const running = svc.request("wait");
    const other = newPeer({ name: "other" });
    await join(other, server);
    const theirs = await other.destination("svc").whenReady();
    await until(() => role.load.running === 1);
    const giveUp = new AbortController();
    const late = rejection(svc.request({ event: "wait", timeout: 30, ...once }));
    const cancelled = rejection(svc.request({ event: "wait", signal: giveUp.signal }));
    const lost = rejection(theirs.request({ event: "wait", ...once }));
    await until(() => role.load.queued === 3);
    giveUp.abort();
    expect(await cancelled).toEqual(isTroupeError("CANCELLED"));
    expect(await late).toEqual(isTroupeError("TIMEOUT"));
    await other.close({ timeout: 0 });
    await lost;
    await until(() => role.load.queued === 0);
    expect(role.load).toEqual({ ...NOTHING, running: 1, expired: 3 });
    waiting.shift()?.("done");
    expect((await running).data).toBe("done");
    await expectServed(client.destination("svc"));
    expect(waiting).toEqual([]);
  });

  it("never starts a request whose time ran out while the process was busy", async () => {
    const { server, svc } = await served();
    const role = server.role("svc", { concurrency: 1 });
    const [go, started] = [signal(), [] as unknown[]];
    role.onRequest("first", async () => {
      await go.promise;
      burn(80);
    });
    role.onRequest("note", (ctx) => started.push(ctx.data));
    const first = svc.request("first");
    const late = rejection(svc.request({ event: "note", timeout: 60, ...once }, "late"));
    const patient = svc.request("note", "patient");
    await until(() => role.load.queued === 2);
    go.fire();
    await Promise.all([first, late, patient]);
    expect(started).toEqual(["patient"]);
    expect(role.load).toMatchObject({ running: 0, queued: 0, expired: 1 });
  });

  it("refuses those that wait when it is disabled", async () => {
    const { server, svc } = await served();
    const role = server.role("svc");
    const { waiting } = held(server, { concurrency: 1 });
    const running = svc.request("wait");
    const asked = rejection(svc.request({ event: "wait", ...once }));
    await until(() => role.load.queued === 1);
    role.disable();
    waiting.shift()?.("done");
    await running;
    expect(await asked).toEqual(isTroupeError("ROLE_DISABLED"));
  });

  it.each<[string, (role: ReturnType<Peer["role"]>) => void]>([
    ["answers", (role) => role.onRequest("x", () => "x")],
    ["promises an answer", (role) => role.onRequest("x", async () => "x")],
    [
      "throws",
      (role) =>
        role.onRequest("x", () => {
          throw new Error("no");
        }),
    ],
    [
      "rejects",
      (role) =>
        role.onRequest("x", async () => {
          throw new Error("no");
        }),
    ],
    [
      "answers by a callback",
      (role) => role.onRequest("x", (_, answer) => void setImmediate(answer)),
    ],
    [
      "answers by a callback and by a promise",
      (role) =>
        role.onRequest("x", async (_, answer) => {
          answer(undefined, 1);
          return 2;
        }),
    ],
    [
      "rejects with nothing, and takes a callback",
      (role) =>
        role.onRequest("x", (_, answer) => (answer === undefined ? 0 : Promise.reject(undefined))),
    ],
    [
      "is middleware and a handler",
      (role) =>
        role
          .onData(async (ctx) => {
            await ctx.next();
          })
          .onRequest("x", () => "x"),
    ],
    ["is not there", () => {}],
  ])("has its place again after a handler that %s", async (_, add) => {
    const { server, svc } = await served();
    const role = server.role("svc", { concurrency: 1, queue: 0 });
    add(role);
    for (let time = 0; time < 3; time++) {
      const outcome = await svc.request({ event: "x", ...once }).catch((error) => error.code);
      expect(outcome).not.toBe("OVERLOADED");
    }
    expect(role.load).toEqual(NOTHING);
  });

  it("has its place again when nobody waits for a callback that is never called", async () => {
    const { server, svc } = await served();
    const role = server.role("svc", { concurrency: 1 });
    role.onRequest("never", (_, answer) => void answer.length);
    const late = svc.request({ event: "never", timeout: 30, ...once });
    expect(await rejection(late)).toEqual(isTroupeError("TIMEOUT"));
    await expectServed(svc);
    expect(role.load).toEqual(NOTHING);
  });

  it("does not count what subscribers do", async () => {
    const { server, client, back } = await pair();
    const { promise, fire } = signal();
    const heard: unknown[] = [];
    client.subscribe("news", async (ctx) => {
      heard.push(ctx.data);
      await promise;
    });
    await until(() => server.publish("news", 0) === 1);
    for (let i = 1; i < 5000; i++) server.publish("news", i);
    await back.drained();
    await until(() => heard.length === 5000);
    expect(heard).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    fire();
  });
});

describe("messages to a role with bounds", () => {
  it("wait in order, and are dropped with a line in the log when too many do", async () => {
    const logger = new Log();
    const { server, client } = await pair({ logger });
    const role = server.role("svc", { concurrency: 1, queue: 2 });
    const go = signal();
    const heard: unknown[] = [];
    role.onMessage("note", async (ctx) => {
      heard.push(ctx.data);
      await go.promise;
    });
    role.onRequest("ping", () => "pong");
    const svc = await client.destination("svc").whenReady();
    for (const data of "abcde") svc.send("note", data);
    await until(() => role.load.dropped === 2);
    expect(role.load).toEqual({ ...NOTHING, running: 1, queued: 2, dropped: 2 });
    expect(logger.warnings).toEqual([
      'role "svc" drops messages, 1 so far: 1 of its handlers run and 2 calls wait; raise { concurrency, queue, rate } of the role, or send less',
    ]);
    go.fire();
    await until(() => heard.length === 3);
    expect(heard).toEqual(["a", "b", "c"]);
    await expectServed(svc);
    expect(role.load).toEqual({ ...NOTHING, dropped: 2 });
  });

  it.each<[string, (role: ReturnType<Peer["role"]>, heard: () => void) => void]>([
    ["two handlers", (role, heard) => role.onMessage("x", async () => {}).onMessage("x", heard)],
    [
      "one that throws",
      (role, heard) =>
        role.onMessage("x", () => {
          heard();
          throw new Error("no");
        }),
    ],
    [
      "one that rejects",
      (role, heard) =>
        role.onMessage("x", async () => {
          heard();
          throw new Error("no");
        }),
    ],
    ["middleware", (role, heard) => role.onMessage(async () => {}).onMessage("x", heard)],
  ])("give their place back after %s", async (_, add) => {
    const { server, client } = await pair();
    const role = server.role("svc", { concurrency: 1 });
    let heard = 0;
    add(role, () => heard++);
    const svc = await client.destination("svc").whenReady();
    for (let i = 0; i < 3; i++) svc.send("x");
    await until(() => heard === 3 && role.load.running === 0);
    expect(role.load).toEqual(NOTHING);
  });
});

describe("streams to a role with bounds", () => {
  it("count until they are taken, and wait like requests", async () => {
    const { server, svc } = await served();
    const role = server.role("svc", { concurrency: 1, queue: 1 });
    const opened: Context[] = [];
    const go = signal();
    role.onReadable("put", async (ctx) => {
      opened.push(ctx);
      await go.promise;
      ctx.readable.resume();
      await new Promise(() => {}); // it goes on for as long as it likes
    });
    const streams = [1, 2, 3].map(() => svc.writable({ event: "put" }));
    const failed = next(streams[2] as never, "error" as never) as unknown as Promise<[Error]>;
    const [error] = await failed;
    expect(error).toEqual(isTroupeError("OVERLOADED", "is busy"));
    expect(error).toMatchObject({ details: { retryAfter: expect.any(Number) } });
    expect([opened.length, role.load]).toEqual([
      1,
      { ...NOTHING, running: 1, queued: 1, refused: 1 },
    ]);
    go.fire();
    await until(() => opened.length === 2 && role.load.running === 0);
    await expectServed(svc);
    for (const stream of streams) stream.destroy();
  });

  it("that are given up before their turn are never seen by a handler", async () => {
    const { server, svc } = await served();
    const role = server.role("svc");
    const { waiting } = held(server, { concurrency: 1 });
    let seen = 0;
    role.onDuplex("talk", () => void seen++);
    const running = svc.request("wait");
    await until(() => role.load.running === 1);
    const stream = svc.duplex("talk");
    stream.on("error", () => {});
    await until(() => role.load.queued === 1);
    stream.destroy();
    await until(() => role.load.queued === 0);
    waiting.shift()?.("done");
    await running;
    await expectServed(svc);
    expect([seen, role.load]).toEqual([0, { ...NOTHING, expired: 1 }]);
  });
});

describe("the rate of a caller", () => {
  it("bounds its requests and messages, and those of nobody else", async () => {
    const logger = new Log();
    const { server, svc } = await served({ logger });
    const role = server.role("svc", { rate: { perSecond: 0.001, burst: 2 } });
    let heard = 0;
    role.onMessage("note", () => void heard++);
    await expectServed(svc);
    svc.send("note");
    await until(() => heard === 1);
    const error = await rejection(svc.request({ event: "ping", ...once }));
    expect(error).toEqual(isTroupeError("OVERLOADED", "no more calls from this caller"));
    expect(error).toMatchObject({
      details: { retryAfter: expect.toSatisfy((ms) => ms > 900_000) },
    });
    svc.send("note");
    await until(() => role.load.dropped === 1);
    const readable = svc.readable("down");
    const [refused] = (await next(readable as never, "error" as never)) as unknown as [Error];
    expect(refused).toEqual(isTroupeError("OVERLOADED", "no more calls from this caller"));
    const other = newPeer();
    await join(other, server);
    await expectServed(await other.destination("svc").whenReady());
    expect(role.load).toEqual({ ...NOTHING, refused: 2, dropped: 1 });
    expect(logger.warnings[0]).toContain("a unit sends more than its rate");
    server.role("svc", { rate: { perSecond: Number.POSITIVE_INFINITY } });
    for (let i = 0; i < 5; i++) await expectServed(svc);
  });
});
