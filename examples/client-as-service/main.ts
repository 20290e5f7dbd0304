/** A worker without a port of its own dials a gate, and serves whoever calls at the gate. */
import { Peer, TroupeError } from "troupe";

// The one place that can be dialled.
const gate = new Peer({ name: "gate" });
await gate.listen({ port: 0, host: "127.0.0.1" });
const address = `ws://127.0.0.1:${gate.port}`;

// Behind a firewall: dials out, and is dialled again by nobody, as it dials again by itself.
const worker = new Peer({ name: "worker" });
worker.role("resizer").onRequest<number>("half", (ctx) => {
  if (ctx.data < 2) throw new TroupeError("REJECTED", "too small already");
  return ctx.data / 2;
});
await worker.connect(address);
console.log(`worker: ${worker.port === undefined ? "listens nowhere" : "listens"}`);

// The gate itself calls it as anybody else, once it is there; no matter who has dialled whom.
const workers = gate.destination("resizer", { providers: [worker.id] });
await workers.whenReady({ timeout: 1000 });
console.log(`gate: ${(await workers.request<number>("half", 640)).data}`);

// For others the gate plays the role, and passes on what it is asked: any event, the metadata, and
// whether the caller still waits. What the worker refuses is refused here, too.
gate.role("resizer").onRequest(async ({ event, metadata, signal, data }) => {
  const answer = await workers.request({ event, metadata, signal }, data);
  return answer.data;
});

const caller = new Peer({ name: "caller" });
await caller.connect(address);
const resizer = caller.destination("resizer");
const { data, unit } = await resizer.request<number>("half", 480);
console.log(`caller: ${data}, by way of ${unit.name}`);
try {
  await resizer.request("half", 1);
} catch (error) {
  if (!(error instanceof TroupeError)) throw error;
  console.log(`caller: ${error.code}, ${error.message}`);
}

await caller.close();
await worker.close();
await gate.close();
