import { setTimeout as delay } from "node:timers/promises";
import type { Destination, RoleLoad } from "troupe";
import { expect, it } from "vitest";
import { startWork } from "../../bench/load/work.ts";
import type { Worker } from "../../bench/subjects/subject.ts";
import type { WorkAsk } from "../../bench/talk.ts";
import { newPeer } from "../support/mesh.ts";
import { hear, startChild } from "./children.ts";

/** Milliseconds: of each handler, until an answer is useless, and of a run. */
const [WORK, DEADLINE, RUN] = [1, 300, 2000];

const workerOf = (svc: Destination): Worker => ({
  ask: (work, timeout, done) => {
    svc.request({ event: "work", timeout, retry: 0 }, work).then(
      () => done(true),
      () => done(false),
    );
  },
  close: async () => {},
});

/** What the child has done. */
async function report(svc: Destination): Promise<RoleLoad & { started: number }> {
  return (await svc.request<RoleLoad & { started: number }>("report")).data;
}

/** Offers a load, and tells how many answers came in time, and how many handlers ran for them. */
async function run(
  svc: Destination,
  offered: WorkAsk["offered"],
): Promise<{ useful: number; started: number }> {
  const before = await report(svc);
  const load = startWork(workerOf(svc), { work: WORK, deadline: DEADLINE, offered });
  await delay(RUN);
  await load.stop();
  const after = await report(svc);
  return { useful: load.count, started: after.started - before.started };
}

it("does little in vain when three times as much is asked as a process can do", async () => {
  const child = startChild("overload.child.ts");
  const address = await hear(child);
  const client = newPeer();
  await client.connect(String(address));
  const svc = await client.destination("svc").whenReady();
  const peak = await run(svc, { inFlight: 16 });
  // By handlers that ran, not by the clock: a machine with other things to do slows all of it. Were all
  // of them started, no more than some 15 % would be of use.
  const { useful, started } = await run(svc, { perSecond: (3 * peak.useful * 1000) / RUN });
  expect(useful / started).toBeGreaterThan(0.6);
  expect(started).toBeGreaterThan(peak.started / 3);
  // And then all is as it was before.
  const after = await report(svc);
  expect(after).toMatchObject({ running: 1, queued: 0, dropped: 0 });
  expect(after.refused).toBeGreaterThan(0);
}, 20_000);
