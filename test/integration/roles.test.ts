import { describe, expect, it } from "vitest";
import { encodePayload } from "../../src/frame/payload.ts";
import { deskOf } from "../peer/fakes.ts";
import { isTroupeError } from "../support/errors.ts";
import {
  addressOf,
  join,
  listening,
  newPeer,
  next,
  pair,
  rejection,
  signal,
} from "../support/mesh.ts";

describe("a role", () => {
  it("made later is seen by every unit at once", async () => {
    const server = await listening();
    const clients = [newPeer(), newPeer(), newPeer()];
    for (const client of clients) await join(client, server);
    const ready = clients.map((client) => client.destination("late").whenReady());
    server.role("late");
    await Promise.all(ready);
  });

  it("that is disabled and enabled closes and opens the destinations of every unit", async () => {
    const server = await listening();
    const role = server.role("svc");
    const clients = [newPeer(), newPeer()];
    for (const client of clients) await join(client, server);
    const destinations = clients.map((client) => client.destination("svc"));
    for (const destination of destinations) await destination.whenReady();
    const closed = destinations.map((destination) => next(destination, "close"));
    role.disable();
    await Promise.all(closed);
    expect(destinations.map(({ ready }) => ready)).toEqual([false, false]);
    const opened = destinations.map((destination) => next(destination, "open"));
    role.enable();
    await Promise.all(opened);
    expect(destinations.map(({ units }) => units.length)).toEqual([1, 1]);
  });

  it("is announced by its unit when it changes", async () => {
    const { server, there } = await pair();
    const changed = next(there, "roles");
    server.role("svc");
    await changed;
    expect(there.roles).toEqual(["svc"]);
  });

  it("that is made disabled is seen by nobody until it is enabled", async () => {
    const server = await listening();
    const role = server.role("svc", false);
    server.role("other", { active: false });
    const client = newPeer();
    const { there } = await join(client, server);
    expect(there.roles).toEqual([]);
    const changed = next(there, "roles");
    role.enable();
    await changed;
    expect(there.roles).toEqual(["svc"]);
  });

  it("that flickers ends as it is", async () => {
    const { server, client, there } = await pair();
    const role = server.role("svc");
    const svc = await client.destination("svc").whenReady();
    for (let i = 0; i < 101; i++) role[i % 2 === 0 ? "disable" : "enable"]();
    const last = next(there, "roles");
    server.role("last");
    await last;
    expect(role.active).toBe(false);
    expect(there.roles).toEqual(["last"]);
    expect(svc.ready).toBe(false);
  });

  it("is announced to its own peer's users, once", async () => {
    const peer = newPeer();
    const made: string[] = [];
    peer.on("role", ({ name }) => made.push(name));
    expect(peer.role("svc")).toBe(peer.role("svc"));
    expect(made).toEqual(["svc"]);
    expect(peer.roles.map(({ name }) => name)).toEqual(["svc"]);
  });
});

/** Whenever a peer is at this moment of its handshake, on the listening or on the dialling side. */
const MOMENTS = ["as soon as it connects", "when it is met", "a turn after it is met"] as const;

describe("a role that changes during the handshake is known in the end", () => {
  it.each(MOMENTS)("when the listener makes one and disables another %s", async (moment) => {
    const server = await listening();
    const stays = server.role("stays");
    const goes = server.role("goes");
    const change = (): void => {
      server.role("comes");
      goes.disable();
    };
    const client = newPeer();
    const met = next(server, "unit").then(() => {
      if (moment === "when it is met") change();
      if (moment === "a turn after it is met") setImmediate(change);
    });
    const connecting = client.connect(addressOf(server));
    if (moment === "as soon as it connects") change();
    const { unit } = await connecting;
    await met;
    await expect.poll(() => new Set(unit.roles)).toEqual(new Set(["comes", "stays"]));
    expect(stays.active).toBe(true);
    expect(client.destination("goes").ready).toBe(false);
    expect(client.destination("comes").ready).toBe(true);
  });

  it("when the dialer makes one and disables another in every turn of the handshake", async () => {
    const server = await listening();
    const client = newPeer();
    const role = client.role("flickers");
    const connected = signal();
    let turns = 0;
    const flicker = (): void => {
      client.role(`turn ${turns++}`);
      if (role.active) role.disable();
      else role.enable();
      if (turns < 60) setImmediate(flicker);
      else connected.fire();
    };
    flicker();
    const [{ unit }, [back]] = await Promise.all([
      client.connect(addressOf(server)),
      next(server, "unit"),
    ]);
    await connected.promise;
    await expect.poll(() => back.roles.length).toBe(60 + (role.active ? 1 : 0));
    expect(back.roles.includes("flickers")).toBe(role.active);
    expect(unit.closed).toBe(false);
  });

  it("when the listener does so in every turn of it", async () => {
    const server = await listening();
    const client = newPeer();
    const role = server.role("flickers");
    let turns = 0;
    const done = signal();
    const flicker = (): void => {
      server.role(`turn ${turns++}`);
      if (role.active) role.disable();
      else role.enable();
      if (turns < 60) setImmediate(flicker);
      else done.fire();
    };
    flicker();
    const { unit } = await client.connect(addressOf(server));
    await done.promise;
    await expect.poll(() => unit.roles.length).toBe(60 + (role.active ? 1 : 0));
    expect(unit.roles.includes("flickers")).toBe(role.active);
  });
});

describe("a call that reaches a peer which cannot take it", () => {
  it("is NO_ROLE for a role that it does not play", async () => {
    const { client, there } = await pair();
    // By way of the unit itself: a destination would have nobody to ask.
    const asked = deskOf().ask(there, {
      name: { role: "svc", event: "do" },
      metadata: undefined,
      payload: encodePayload(null),
      timeout: 1000,
      signal: undefined,
    });
    expect(await rejection(asked)).toEqual(isTroupeError("NO_ROLE", 'the role "svc"'));
    expect(client.units).toEqual([there]);
  });

  it("is ROLE_DISABLED while the news of that are still on their way", async () => {
    const { server, client } = await pair();
    const role = server.role("svc").onRequest("do", () => 1);
    const svc = await client.destination("svc").whenReady();
    role.disable();
    expect(await rejection(svc.request("do"))).toEqual(
      isTroupeError("ROLE_DISABLED", '"svc" is disabled'),
    );
  });

  it("is NO_EVENT for an event that nobody handles", async () => {
    const { server, client } = await pair();
    server.role("svc").onRequest("do", () => 1);
    const svc = await client.destination("svc").whenReady();
    expect(await rejection(svc.request("don't"))).toEqual(
      isTroupeError("NO_EVENT", 'role "svc" does not handle "don\'t"'),
    );
    expect((await svc.request("do")).data).toBe(1);
  });

  it("is dropped when it is a message, and a disabled role does not handle it", async () => {
    const { server, client } = await pair();
    const heard: unknown[] = [];
    const role = server.role("svc").onMessage("do", (ctx) => heard.push(ctx.data));
    server.role("other").onRequest("ping", () => "pong");
    const svc = await client.destination("svc").whenReady();
    role.disable();
    expect(svc.send("do", 1)).toBeDefined();
    expect((await client.destination("other").request("ping")).data).toBe("pong");
    expect(heard).toEqual([]);
  });

  it("is NO_UNITS once the news have arrived, and before anybody ever played it", async () => {
    const { server, client } = await pair();
    const role = server.role("svc");
    const svc = await client.destination("svc").whenReady();
    const closed = next(svc, "close");
    role.disable();
    await closed;
    expect(await rejection(svc.request("do"))).toEqual(isTroupeError("NO_UNITS"));
    expect(await rejection(client.destination("nobody's").request("do"))).toEqual(
      isTroupeError("NO_UNITS", "nobody's"),
    );
  });
});

describe("a destination", () => {
  it("opens with its first unit and closes with its last, also when that is lost", async () => {
    const hub = await listening();
    const events: string[] = [];
    const svc = hub.destination("svc");
    svc.on("open", () => events.push("open"));
    svc.on("unit", ({ name }) => events.push(name));
    svc.on("close", () => events.push("close"));
    const peers = ["ann", "ben"].map((name) => newPeer({ name }));
    for (const peer of peers) {
      peer.role("svc");
      await join(peer, hub);
    }
    const closed = next(svc, "close");
    for (const peer of peers) await peer.close({ timeout: 0 });
    await closed;
    expect(events).toEqual(["open", "ann", "ben", "close"]);
  });

  it("is the same for the same name, and another one for named providers", async () => {
    const { server, client, there } = await pair();
    server.role("svc");
    const svc = await client.destination("svc").whenReady();
    expect(client.destination("svc")).toBe(svc);
    const trusting = client.destination("svc", { providers: [there.id] });
    const strict = client.destination("svc", { providers: [client.id] });
    expect([svc.ready, trusting.ready, strict.ready]).toEqual([true, true, false]);
    expect(client.destinations).toEqual([svc]);
  });

  it("asks a function of providers about units that come later, too", async () => {
    const hub = await listening();
    const ann = newPeer({ name: "ann" });
    const ben = newPeer({ name: "ben" });
    const svc = hub.destination("svc", { providers: (id) => id === ben.id });
    for (const peer of [ann, ben]) {
      peer.role("svc");
      await join(peer, hub);
    }
    expect(svc.units.map(({ name }) => name)).toEqual(["ben"]);
  });
});
