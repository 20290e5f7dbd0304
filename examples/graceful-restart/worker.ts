/** Plays the role "worker" until it is told to leave: `worker.ts <name> <address>`. */
import { setTimeout } from "node:timers/promises";
import { Peer } from "troupe";

const [name = "worker", address = "ws://127.0.0.1:9000"] = process.argv.slice(2);
const peer = new Peer({ name });

peer.role("worker").onRequest("work", async () => {
  await setTimeout(5);
  return name;
});

// No caller sees this: close() says that no more work is wanted, and finishes what is there.
process.once("SIGTERM", () => void peer.close());

// A worker that lives on when its hub restarts leaves `permanent` as it is.
await peer.connect(address, { permanent: false });
