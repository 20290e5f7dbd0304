import type { Peer } from "troupe";
import { describe, expect, it, onTestFinished } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { join, listening, newPeer, rejection } from "../support/mesh.ts";
import { served } from "./served.ts";

describe("after its peer is closed", () => {
  it("every call is CLOSED or sends nothing, and none hangs", async () => {
    const { client, svc } = await served();
    const [unit] = client.units;
    const pending = rejection(svc.request("ping"));
    const waiting = rejection(client.destination("nobody").whenReady());
    await client.close({ timeout: 0 });
    expect(await pending).toEqual(isTroupeError("CLOSED"));
    expect(await waiting).toEqual(isTroupeError("CLOSED"));
    expect(await rejection(svc.request("ping"))).toEqual(isTroupeError("CLOSED"));
    expect(() => svc.survey("ping")).toThrow(isTroupeError("CLOSED"));
    expect(svc.send("ping")).toBeUndefined();
    expect(svc.broadcast("ping")).toEqual([]);
    expect(client.publish("news")).toBe(0);
    expect(await rejection(svc.whenReady())).toEqual(isTroupeError("CLOSED"));
    expect(await rejection(client.connect("ws://localhost:1"))).toEqual(isTroupeError("CLOSED"));
    expect(client.units).toEqual([]);
    expect(client.closed).toBe(true);
    expect(unit?.closed).toBe(true);
    expect(await rejection(unit?.drained() ?? Promise.resolve())).toEqual(isTroupeError("CLOSED"));
  });

  it("close() gives the same promise, and one event", async () => {
    const peer = newPeer();
    let events = 0;
    peer.on("close", () => events++);
    const closing = peer.close();
    expect(peer.close({ timeout: 0 })).toBe(closing);
    await closing;
    expect(peer.close()).toBe(closing);
    expect(events).toBe(1);
  });

  it("which `await using` sees to", async () => {
    const server = await listening();
    let peer: Peer;
    {
      await using client = newPeer();
      peer = client;
      await join(client, server);
    }
    expect(peer.closed).toBe(true);
    await expect.poll(() => server.units).toEqual([]);
  });
});

it("no unhandled rejection comes of requests, surveys and dialling that nobody waits for", async () => {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", listener);
  onTestFinished(() => void process.off("unhandledRejection", listener));
  const { server, client, svc } = await served();
  server.role("svc").onRequest("never", () => new Promise(() => {}));
  const survey = svc.survey("never");
  void client.connect("ws://127.0.0.1:1").catch(() => {});
  await client.close({ timeout: 0 });
  await new Promise((later) => setImmediate(later));
  expect(survey.asked).toBe(1);
  expect(unhandled).toEqual([]);
});
