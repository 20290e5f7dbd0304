/** Serves the role `svc` and tells its address; what it is asked, it answers, counts or never answers. */
import { Peer } from "troupe";

const peer = new Peer({ name: "child", timeouts: { heartbeat: 200 } });
// While it is stopped it seems to be slow, which is no reason here to refuse what has come meanwhile.
const svc = peer.role("svc", { concurrency: Number.POSITIVE_INFINITY });
let echoed = 0;
svc.onRequest("echo", (ctx) => {
  echoed++;
  return ctx.data;
});
svc.onRequest("echoed", () => echoed);
svc.onRequest("never", () => new Promise(() => {}));
await peer.listen({ port: 0, host: "127.0.0.1" });
process.send?.(`ws://127.0.0.1:${peer.port}`);
