import { describe, expect, it } from "vitest";
import { join, Log, listening, newPeer, pair, signal } from "../support/mesh.ts";

describe("a broadcast", () => {
  it("reaches every unit that plays the role, and returns them", async () => {
    const hub = await listening();
    const heard: string[] = [];
    const all = signal();
    for (const name of ["ann", "ben", "cleo"]) {
      const peer = newPeer({ name });
      peer.role("listener", name !== "cleo").onMessage("news", (ctx) => {
        heard.push(`${name} ${String(ctx.data)}`);
        if (heard.length === 2) all.fire();
      });
      await join(peer, hub);
    }
    const reached = hub.destination("listener").broadcast("news", "today");
    expect(reached.map(({ name }) => name)).toEqual(["ann", "ben"]);
    await all.promise;
    expect(new Set(heard)).toEqual(new Set(["ann today", "ben today"]));
  });
});

describe("a survey", () => {
  it("hears every unit once: answers, failures, and who stayed silent", async () => {
    const hub = await listening();
    const worker = hub.destination("worker");
    const answers: Record<string, () => unknown> = {
      ann: () => 1,
      ben: () => Promise.reject(new Error("broken")),
      cleo: () => new Promise(() => {}),
    };
    for (const [name, answer] of Object.entries(answers)) {
      const peer = newPeer({ name });
      peer.role("worker").onRequest("load", answer);
      await join(peer, hub);
    }
    const survey = worker.survey<number>({ event: "load", timeout: 200 });
    const heard: Record<string, unknown> = {};
    for await (const item of survey) {
      heard[item.unit.name] = item.error === undefined ? item.data : item.error.code;
    }
    expect(survey.asked).toBe(3);
    expect(heard).toEqual({ ann: 1, ben: "REJECTED" });
    expect(survey.missing.map(({ name }) => name)).toEqual(["cleo"]);
  });

  it("whose loop is left tells the handlers that still work", async () => {
    const hub = await listening();
    const stopped: string[] = [];
    const all = signal();
    for (const name of ["ann", "ben", "cleo"]) {
      const peer = newPeer({ name });
      peer.role("worker").onRequest("load", async (ctx) => {
        if (name === "ann") return 1;
        await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
        if (stopped.push(name) === 2) all.fire();
        return 2;
      });
      await join(peer, hub);
    }
    for await (const item of hub.destination("worker").survey("load")) {
      expect(item.unit.name).toBe("ann");
      break;
    }
    await all.promise;
    expect(new Set(stopped)).toEqual(new Set(["ben", "cleo"]));
  });

  it("hears of a unit that is lost meanwhile", async () => {
    const { server, client, back } = await pair();
    server.role("worker").onRequest("load", () => {
      back.close();
      return new Promise(() => {});
    });
    const worker = await client.destination("worker").whenReady();
    const codes: unknown[] = [];
    for await (const item of worker.survey("load")) codes.push(item.error?.code);
    expect(codes).toEqual(["OUTCOME_UNKNOWN"]);
  });
});

describe("a topic", () => {
  it("is heard by all who have subscribed, until they unsubscribe", async () => {
    const hub = await listening();
    const heard: string[] = [];
    const ann = newPeer({ name: "ann" });
    const ben = newPeer({ name: "ben" });
    const news = ann.subscribe("news", (ctx) => heard.push(`ann ${String(ctx.data)}`));
    ben.subscribe("news", (ctx) => heard.push(`ben ${String(ctx.data)}`));
    ben.subscribe("sports", (ctx) => heard.push(`ben ${String(ctx.data)}`));
    await join(ann, hub);
    await join(ben, hub);
    expect(hub.publish("news", 1)).toBe(2);
    expect(hub.publish("sports", 2)).toBe(1);
    await expect.poll(() => heard.length).toBe(3);
    news.unsubscribe();
    await expect.poll(() => hub.publish("news", 3)).toBe(1);
    await expect.poll(() => heard).toContain("ben 3");
    const first = heard.filter((what) => !what.endsWith("3"));
    expect(first).toHaveLength(3);
    expect(new Set(first)).toEqual(new Set(["ann 1", "ben 1", "ben 2"]));
    expect(heard).not.toContain("ann 3");
  });

  it("may be subscribed to at any time, by several handlers, and tells where news come from", async () => {
    const { server, client, back } = await pair();
    const heard: unknown[] = [];
    expect(client.publish("news", "nobody hears this")).toBe(0);
    const first = server.subscribe("news", (ctx) => heard.push(["first", ctx.data, ctx.unit]));
    server.subscribe("news", (ctx) => heard.push(["second", ctx.data, ctx.unit]));
    await expect.poll(() => client.publish("news", 1)).toBe(1);
    await expect
      .poll(() => heard)
      .toEqual([
        ["first", 1, back],
        ["second", 1, back],
      ]);
    first.unsubscribe();
    client.publish("news", 2);
    await expect.poll(() => heard.length).toBe(3);
    expect(heard[2]).toEqual(["second", 2, back]);
  });

  it("is not heard by its own publisher, nor seen among roles", async () => {
    const { server, client, there } = await pair();
    const heard: unknown[] = [];
    client.subscribe("news", (ctx) => heard.push(ctx.data));
    server.subscribe("news", (ctx) => heard.push(ctx.data));
    await expect.poll(() => client.publish("news", 1)).toBe(1);
    await expect.poll(() => heard).toEqual([1]);
    expect([client.roles, there.roles]).toEqual([[], []]);
  });

  it("whose handler fails goes on, and the failure goes to the log", async () => {
    const logger = new Log();
    const { server, client } = await pair({ logger });
    const heard: unknown[] = [];
    server.subscribe("news", (ctx) => {
      heard.push(ctx.data);
      throw new Error("cannot read this");
    });
    await expect.poll(() => client.publish("news", 1)).toBe(1);
    client.publish("news", 2);
    await expect.poll(() => heard).toEqual([1, 2]);
    expect(logger.errors).toHaveLength(2);
    expect(logger.errors[0]).toContain("cannot read this");
  });
});
