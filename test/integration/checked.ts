import { createHash } from "node:crypto";
import type { Destination, Peer } from "troupe";
import { turn } from "../support/mesh.ts";

/** What became of calls that can be checked. */
export interface Tally {
  /** Requests that were answered as they should be, or requests and messages that came as they were sent. */
  right: number;
  /** Messages that were sent, or that came. */
  notes: number;
  /** Data that nobody has sent. */
  readonly wrong: unknown[];
  /** What requests have failed with. */
  readonly failed: unknown[];
}

export const tally = (): Tally => ({ right: 0, notes: 0, wrong: [], failed: [] });

const sum = (data: unknown): string => createHash("md5").update(String(data)).digest("hex");

/** A role `svc` whose handlers check that what they get is what somebody sent. */
export function serveChecked(peer: Peer): Tally {
  const heard = tally();
  const check = ({ data }: { data: unknown }): unknown => {
    const { text, md5 } = data as { text: string; md5: string };
    if (sum(text) === md5) heard.right++;
    else heard.wrong.push(data);
    return data;
  };
  const role = peer.role("svc").onRequest("echo", check);
  role.onMessage("note", (ctx) => {
    heard.notes++;
    check(ctx);
  });
  return heard;
}

/** Sends a message and a request, again and again until told to stop. */
export async function callAllTheTime(
  svc: Destination,
  until: AbortSignal,
  random: () => number,
  told: Tally,
): Promise<void> {
  while (!until.aborted) {
    const text = "x".repeat(Math.floor(random() * 3000)) + String(random());
    const sent = { text, md5: sum(text) };
    try {
      svc.send("note", sent);
      told.notes++;
      const { data } = await svc.request<typeof sent>({ event: "echo", timeout: 5000 }, sent);
      if (data.text === text && data.md5 === sent.md5) told.right++;
      else told.wrong.push(data);
    } catch (thrown) {
      told.failed.push(thrown);
      // Cut in the midst of it: go on when the connection is back.
      await turn();
      await svc.whenReady({ signal: until }).catch(() => {});
    }
  }
}
