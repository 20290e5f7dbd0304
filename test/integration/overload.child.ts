/** Serves the role `svc` whose handlers burn processor time, and tells its address and what it has done. */
import { Peer } from "troupe";

const peer = new Peer({ name: "child" });
const svc = peer.role("svc");
let started = 0;
svc.onRequest("work", (ctx) => {
  started++;
  const end = performance.now() + Number(ctx.data);
  while (performance.now() < end);
});
svc.onRequest("report", () => ({ started, ...svc.load }));
await peer.listen({ port: 0, host: "127.0.0.1" });
process.send?.(`ws://127.0.0.1:${peer.port}`);
