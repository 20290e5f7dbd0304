/** Serves the role `svc` and tells its address; what it is asked, it answers or never answers. */
import { Peer } from "troupe";

const peer = new Peer({ name: "child", timeouts: { heartbeat: 200 } });
const svc = peer.role("svc");
svc.onRequest("echo", (ctx) => ctx.data);
svc.onRequest("never", () => new Promise(() => {}));
await peer.listen({ port: 0, host: "127.0.0.1" });
process.send?.(`ws://127.0.0.1:${peer.port}`);
