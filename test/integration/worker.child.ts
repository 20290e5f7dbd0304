/** Plays the role `worker` on a hub until it is told to leave: `worker.child.ts <name> <address>`. */
import { setTimeout } from "node:timers/promises";
import { Peer } from "troupe";

const [name = "", address = ""] = process.argv.slice(2);
const peer = new Peer({ name });
const worker = peer.role("worker");
worker.onRequest("work", async (ctx) => {
  await setTimeout(2);
  return ctx.data;
});
worker.onDuplex("copy", ({ duplex }) => duplex.pipe(duplex));
process.once("SIGTERM", () => {
  // Nothing but the peer keeps the process: it ends by itself, or the test waits in vain.
  process.disconnect?.();
  void peer.close();
});
await peer.connect(address, { permanent: false });
