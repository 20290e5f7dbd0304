import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { addressOf, join, listening, newPeer, pair, signal, UNRESUMED } from "../support/mesh.ts";
import { openProxy } from "../support/proxy.ts";

describe("two peers that dial each other at the same time", () => {
  it("end up as one unit on either side, with two connections", async () => {
    const [ann, ben] = await Promise.all([listening({ name: "ann" }), listening({ name: "ben" })]);
    ann.role("svc").onRequest("who", () => "ann");
    const units: string[] = [];
    ann.on("unit", ({ name }) => units.push(name));
    ben.on("unit", ({ name }) => units.push(name));
    const [there, back] = await Promise.all([
      ann.connect(addressOf(ben)),
      ben.connect(addressOf(ann)),
    ]);
    await expect.poll(() => there.unit.connections.length + back.unit.connections.length).toBe(4);
    expect(new Set(units)).toEqual(new Set(["ann", "ben"]));
    expect(units).toHaveLength(2);
    expect([ann.units, ben.units]).toEqual([[there.unit], [back.unit]]);
    const svc = ben.destination("svc");
    expect(svc.units).toHaveLength(1);
    expect((await svc.request("who")).data).toBe("ann");
  });

  it("stay one unit when one of the connections is lost", async () => {
    const { server, client, there } = await pair(UNRESUMED);
    await client.listen({ port: 0, host: "127.0.0.1" });
    const proxy = await openProxy(client.port);
    const { unit, connection } = await server.connect(proxy.address, { permanent: false });
    await expect.poll(() => there.connections.length).toBe(2);
    server.role("svc").onRequest("do", () => "done");
    await client.destination("svc").whenReady();
    proxy.last.cut();
    await expect.poll(() => there.connections.length + unit.connections.length).toBe(2);
    expect(connection.open).toBe(false);
    expect([there.closed, unit.closed]).toEqual([false, false]);
    expect((await client.destination("svc").request("do")).data).toBe("done");
  });

  it("share their requests out between the connections", async () => {
    const { server, client, there } = await pair();
    await client.listen({ port: 0, host: "127.0.0.1" });
    await server.connect(addressOf(client));
    await expect.poll(() => there.connections.length).toBe(2);
    let waiting = 0;
    const full = signal();
    server.role("svc").onRequest("wait", () => {
      if (++waiting === 10) full.fire();
      return full.promise.then(() => there.connections.map(({ load }) => load));
    });
    const svc = await client.destination("svc").whenReady();
    const asked = Array.from({ length: 10 }, () => svc.request("wait"));
    const answers = await Promise.all(asked);
    expect(answers[0]?.data).toEqual([5, 5]);
  });
});

describe("processes that share an identity", () => {
  it("are two units, which take turns", async () => {
    const identity = randomBytes(32);
    const hub = await listening();
    for (const name of ["one", "two"]) {
      const peer = newPeer({ identity, name });
      peer.role("svc").onRequest("who", () => name);
      await join(peer, hub);
    }
    expect(new Set(hub.units.map(({ id }) => id)).size).toBe(1);
    expect(new Set(hub.units.map(({ instance }) => instance)).size).toBe(2);
    const svc = hub.destination("svc");
    const answers = [await svc.request("who"), await svc.request("who"), await svc.request("who")];
    expect(answers.map(({ data }) => data)).toEqual(["one", "two", "one"]);
  });

  it("may connect to each other: they are not the same peer", async () => {
    const identity = randomBytes(32);
    const { there, back } = await pair({ identity }, { identity });
    expect(there.id).toBe(back.id);
  });

  it("do not take each other's place: nobody is taken for a unit that it only claims to be", async () => {
    const server = await listening();
    const victim = newPeer({ name: "victim" });
    victim.role("svc").onRequest("who", () => "victim");
    const { back } = await join(victim, server);
    // A thief may take the name and the roles, and even the instance; the key it cannot prove.
    const thief = newPeer({ name: "victim" });
    thief.role("svc").onRequest("who", () => "thief");
    const { back: other } = await join(thief, server);
    expect(other).not.toBe(back);
    expect(other.id).not.toBe(back.id);
    expect(back.connections).toHaveLength(1);
    const trusted = server.destination("svc", { providers: [victim.id] });
    for (let i = 0; i < 4; i++) expect((await trusted.request("who")).data).toBe("victim");
  });
});
