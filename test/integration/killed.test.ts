import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { addressOf, listening, newPeer, next, rejection } from "../support/mesh.ts";
import { openProxy } from "../support/proxy.ts";
import { hear, startChild } from "./children.ts";

const HEARTBEAT = 200;
/** Two heartbeats, and what a slow machine needs for everything else. */
const IN_TIME = 2 * HEARTBEAT + 300;
/** Milliseconds for which a connection waits for another channel, where a test waits for the end of that. */
const GRACE = 200;

describe("when the process of a unit is", { timeout: 20_000 }, () => {
  it("killed, every request pending on it settles at once, and others go on", async () => {
    const child = startChild("server.child.ts");
    const address = String(await hear(child));
    const client = newPeer();
    const { unit } = await client.connect(address);
    const svc = await client.destination("svc").whenReady();
    const pending = Array.from({ length: 500 }, (_, i) => rejection(svc.request("never", i)));
    expect((await svc.request("echo", "here")).data).toBe("here");
    const other = await listening();
    other.role("svc").onRequest("echo", (ctx) => ctx.data);
    await client.connect(addressOf(other));

    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    const begun = performance.now();
    for (const error of await Promise.all(pending))
      expect(error).toEqual(isTroupeError("OUTCOME_UNKNOWN"));
    expect(performance.now() - begun).toBeLessThan(300);
    expect(unit.closed).toBe(true);
    expect(svc.units.map(({ id }) => id)).toEqual([other.id]);
    for (let i = 0; i < 10; i++) expect((await svc.request("echo", i)).data).toBe(i);
  });

  it("stopped, so that packets just vanish, it is gone within two heartbeats and the grace", async () => {
    const child = startChild("server.child.ts");
    const address = String(await hear(child));
    const callers = [];
    for (const resume of [0, GRACE]) {
      const client = newPeer({ timeouts: { heartbeat: HEARTBEAT, resume } });
      const { unit } = await client.connect(address, { permanent: false });
      const svc = await client.destination("svc").whenReady();
      await expect.poll(() => unit.rtt).toBeDefined();
      const pending = Array.from({ length: 250 }, (_, i) => rejection(svc.request("never", i)));
      expect((await svc.request("echo", "here")).data).toBe("here");
      callers.push({ resume, svc, pending });
    }

    child.kill("SIGSTOP");
    const begun = performance.now();
    for (const { resume, svc, pending } of callers) {
      for (const error of await Promise.all(pending)) {
        expect(error).toEqual(isTroupeError("OUTCOME_UNKNOWN", "two heartbeats"));
      }
      expect(performance.now() - begun).toBeGreaterThan(resume);
      expect(performance.now() - begun).toBeLessThan(IN_TIME + resume);
      expect(svc.ready).toBe(false);
    }
  });

  it("stopped only for a while, it answers all that it was asked, and executes it once", async () => {
    const child = startChild("server.child.ts");
    const address = String(await hear(child));
    const client = newPeer({ timeouts: { heartbeat: HEARTBEAT } });
    const { unit } = await client.connect(address, { permanent: false });
    const svc = await client.destination("svc").whenReady();
    const suspended = next(unit, "suspend");
    const resumed = next(unit, "resume");
    // Some are executed before, some have left in vain, and some wait for another channel.
    const ask = (): Promise<unknown>[] =>
      Array.from({ length: 500 }, (_, i) => svc.request("echo", i).then(({ data }) => data));
    const asked = ask();
    await asked[0];
    child.kill("SIGSTOP");
    asked.push(...ask());
    expect((await suspended)[0]).toEqual(isTroupeError("DISCONNECTED", "two heartbeats"));
    asked.push(...ask());
    child.kill("SIGCONT");
    await resumed;
    expect(await Promise.all(asked)).toEqual(asked.map((_, i) => i % 500));
    expect((await svc.request("echoed")).data).toBe(asked.length);
    expect([unit.closed, unit.suspended]).toEqual([false, false]);
  });
});

describe("when the cable is pulled", () => {
  it("it is found out within two heartbeats, and the connection goes on by another way", async () => {
    const server = await listening({ timeouts: { heartbeat: HEARTBEAT } });
    server.role("there").onRequest("echo", (ctx) => ctx.data);
    const proxy = await openProxy(server.port);
    const client = newPeer({ timeouts: { heartbeat: HEARTBEAT } });
    client.role("back").onRequest("echo", (ctx) => ctx.data);
    const met = next(server, "unit");
    const { unit: there } = await client.connect(proxy.address, { permanent: false });
    const [back] = await met;
    const destinations = [client.destination("there"), server.destination("back")];
    for (const destination of destinations) await destination.whenReady();
    await expect.poll(() => Math.min(there.rtt ?? 0, back.rtt ?? 0)).toBeGreaterThan(0);
    const suspended = next(there, "suspend");
    const resumed = next(there, "resume");
    const begun = performance.now();
    proxy.last.stall();
    const asked = destinations.map((destination) => destination.request("echo", "lost"));
    expect((await suspended)[0]).toEqual(isTroupeError("DISCONNECTED", "two heartbeats"));
    expect(performance.now() - begun).toBeLessThan(IN_TIME);
    for (const destination of destinations) asked.push(destination.request("echo", "late"));
    await resumed;
    const answers = (await Promise.all(asked)).map(({ data }) => data);
    expect(answers).toEqual(["lost", "lost", "late", "late"]);
    expect([there.closed, back.closed, back.suspended]).toEqual([false, false, false]);
  });

  it("for good, both sides give the connection up when the grace is over", async () => {
    const timeouts = { heartbeat: HEARTBEAT, resume: GRACE };
    const server = await listening({ timeouts });
    let pulled = false;
    const proxy = await openProxy(server.port, (chunk) => (pulled ? undefined : chunk));
    const client = newPeer({ timeouts });
    const met = next(server, "unit");
    const { unit: there } = await client.connect(proxy.address, { permanent: false });
    const [back] = await met;
    await expect.poll(() => Math.min(there.rtt ?? 0, back.rtt ?? 0)).toBeGreaterThan(0);
    const both = [there, back];
    const suspended = Promise.all(both.map((unit) => next(unit, "suspend")));
    const gone = Promise.all(both.map((unit) => next(unit, "close")));
    const begun = performance.now();
    pulled = true;
    await suspended;
    expect([there.closed, back.closed]).toEqual([false, false]);
    for (const [reason] of await gone) {
      expect(reason).toEqual(isTroupeError("DISCONNECTED", `not resumed within ${GRACE} ms`));
    }
    expect(performance.now() - begun).toBeGreaterThan(GRACE);
    expect(performance.now() - begun).toBeLessThan(IN_TIME + GRACE);
    expect(proxy.links.length).toBeGreaterThan(1);
  });

  it("and there is no grace, both sides find out within two heartbeats, and a permanent connection comes back", async () => {
    const timeouts = { heartbeat: HEARTBEAT, resume: 0 };
    const server = await listening({ timeouts });
    const proxy = await openProxy(server.port);
    const client = newPeer({ timeouts });
    const met = next(server, "unit");
    const { unit: there } = await client.connect(proxy.address);
    const [back] = await met;
    await expect.poll(() => Math.min(there.rtt ?? 0, back.rtt ?? 0)).toBeGreaterThan(0);
    const thereGone = next(there, "close");
    const backGone = next(back, "close");
    const again = next(client, "reconnect_success");
    const begun = performance.now();
    proxy.last.stall();
    for (const [reason] of [await thereGone, await backGone]) {
      expect(reason).toEqual(isTroupeError("DISCONNECTED", "two heartbeats"));
    }
    expect(performance.now() - begun).toBeLessThan(IN_TIME);
    expect((await again)[0].unit.id).toBe(server.id);
  });

  it("an idle connection that works is not cut by its heartbeats", async () => {
    const server = await listening({ timeouts: { heartbeat: 20 } });
    const client = newPeer({ timeouts: { heartbeat: 30_000 } });
    const met = next(server, "unit");
    const { unit } = await client.connect(addressOf(server));
    const [back] = await met;
    const rtts = new Set<number | undefined>();
    await expect.poll(() => rtts.add(back.rtt).size, { interval: 10 }).toBeGreaterThan(8);
    expect([unit.closed, back.closed]).toEqual([false, false]);
  });
});
