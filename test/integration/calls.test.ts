import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "troupe";
import { describe, expect, it } from "vitest";
import { join, listening, newPeer, pair, signal } from "../support/mesh.ts";

describe("a message", () => {
  it("reaches the handler of its event, with who sent it and what came beside it", async () => {
    const { server, client, there, back } = await pair();
    const heard = signal<Context>();
    server.role("printer").onMessage("print", heard.fire);
    await client.destination("printer").whenReady();
    const target = { event: "print", metadata: { trace: "00-ab" } };
    expect(client.destination("printer").send(target, "a page")).toBe(there);
    const ctx = await heard.promise;
    expect(ctx).toMatchObject({ data: "a page", type: "string", role: "printer", event: "print" });
    expect(ctx.metadata).toEqual({ trace: "00-ab" });
    expect(ctx.unit).toBe(back);
    expect(ctx.deadline).toBeUndefined();
    expect(ctx.signal.aborted).toBe(false);
  });

  it("goes both ways, whoever dialled", async () => {
    const { server, client } = await pair();
    const heard = signal<Context>();
    client.role("printer").onMessage("print", heard.fire);
    await server.destination("printer").whenReady();
    server.destination("printer").send("print", 1);
    expect((await heard.promise).unit.name).toBe("server");
  });

  it("arrives after those sent before it to the same unit, and before requests sent after it", async () => {
    const { server, client } = await pair();
    const order: unknown[] = [];
    const role = server.role("printer");
    role.onMessage("print", (ctx) => order.push(ctx.data));
    role.onRequest("status", () => order.push("status"));
    const printer = await client.destination("printer").whenReady();
    for (let i = 0; i < 500; i++) printer.send("print", i);
    await printer.request("status");
    expect(order).toEqual([...Array.from({ length: 500 }, (_, i) => i), "status"]);
  });
});

describe("a request", () => {
  it("resolves to the answer's context", async () => {
    const { server, client, there } = await pair();
    server.role("greeter").onRequest<string>("hello", (ctx) => `Hello, ${ctx.data}!`);
    const greeter = await client.destination("greeter").whenReady();
    const ctx = await greeter.request<string>("hello", "Alice");
    expect(ctx).toMatchObject({ data: "Hello, Alice!", role: "greeter", event: "hello" });
    expect(ctx.unit).toBe(there);
    expect(ctx.rtt).toBeGreaterThan(0);
    expect(ctx.origin.type).toBe("string");
    expect(Buffer.from(ctx.origin.raw).toString()).toBe("Hello, Alice!");
  });

  it("finds its answer among thousands that overtake each other", async () => {
    const { server, client } = await pair();
    server.role("echo").onRequest<number>("slowly", async (ctx) => {
      if (ctx.data % 3 === 0) await sleep(ctx.data % 7);
      return ctx.data;
    });
    const echo = await client.destination("echo").whenReady();
    const asked = Array.from({ length: 2000 }, (_, i) => echo.request("slowly", i));
    const answers = await Promise.all(asked);
    expect(answers.map(({ data }) => data)).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  });

  it("may be made from within a handler, back to its caller", async () => {
    const { server, client } = await pair();
    client.role("clock").onRequest("time", () => 12);
    server.role("greeter").onRequest("hello", async (ctx) => {
      const { data } = await server.destination("clock").request({ event: "time", unit: ctx.unit });
      return `It is ${String(data)}.`;
    });
    const greeter = await client.destination("greeter").whenReady();
    await server.destination("clock").whenReady();
    expect((await greeter.request("hello")).data).toBe("It is 12.");
  });

  it("goes to each unit in turn", async () => {
    const servers = await Promise.all(["a", "b", "c"].map((name) => listening({ name })));
    const client = newPeer();
    for (const server of servers) {
      server.role("worker").onRequest("who", () => server.name);
      await join(client, server);
    }
    const worker = client.destination("worker");
    const names: unknown[] = [];
    for (let i = 0; i < 9; i++) names.push((await worker.request("who")).data);
    expect(names.join("")).toBe("abcabcabc");
  });
});

it("tells each unit name, tags and what it runs on", async () => {
  const { there, back } = await pair(
    { name: "bob", tags: { zone: "a" } },
    { name: "alice", friendly: false },
  );
  expect(there).toMatchObject({ name: "bob", friendly: true });
  expect(there.getTags()).toEqual({ zone: "a" });
  expect(there.addresses).toEqual([expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+$/)]);
  expect(there.meta).toMatchObject({
    os: process.platform,
    runtime: `node ${process.versions.node}`,
    protocol: "troupe.1",
  });
  expect(there.meta["uptime"]).toBeGreaterThan(0);
  expect(back).toMatchObject({ name: "alice", friendly: false, addresses: [] });
});

it("measures the round-trip time of a unit by its heartbeats", async () => {
  const { there, back } = await pair({ timeouts: { heartbeat: 20 } }, {});
  await expect.poll(() => back.rtt).toBeGreaterThan(0);
  await expect.poll(() => there.rtt).toBeGreaterThan(0);
  expect(back.rtt).toBeLessThan(1000);
});
