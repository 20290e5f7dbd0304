import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { addressOf, listening, newPeer, next, rejection } from "../support/mesh.ts";
import { openProxy } from "../support/proxy.ts";
import { hear, startChild } from "./children.ts";

const HEARTBEAT = 200;
/** Two heartbeats, and what a slow machine needs for everything else. */
const IN_TIME = 2 * HEARTBEAT + 300;

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

  it("stopped, so that packets just vanish, it is gone within two heartbeats", async () => {
    const child = startChild("server.child.ts");
    const address = String(await hear(child));
    const client = newPeer({ timeouts: { heartbeat: HEARTBEAT } });
    const { unit } = await client.connect(address, { permanent: false });
    const svc = await client.destination("svc").whenReady();
    await expect.poll(() => unit.rtt).toBeDefined();
    const pending = Array.from({ length: 500 }, (_, i) => rejection(svc.request("never", i)));
    expect((await svc.request("echo", "here")).data).toBe("here");

    child.kill("SIGSTOP");
    const begun = performance.now();
    for (const error of await Promise.all(pending)) {
      expect(error).toEqual(isTroupeError("OUTCOME_UNKNOWN", "two heartbeats"));
    }
    expect(performance.now() - begun).toBeLessThan(IN_TIME);
    expect(svc.ready).toBe(false);
  });
});

describe("when the cable is pulled", () => {
  it("both sides find out within two heartbeats, and a permanent connection comes back", async () => {
    const server = await listening({ timeouts: { heartbeat: HEARTBEAT } });
    const proxy = await openProxy(server.port);
    const client = newPeer({ timeouts: { heartbeat: HEARTBEAT } });
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
