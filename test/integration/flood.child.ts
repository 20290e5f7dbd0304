/** Opens 2,000 sockets to a port, none of which ever becomes a peer; tells when they are there, and when all are cut. */
import { connect, type Socket } from "node:net";
import { frame, upgradeRequest } from "../channel/sockets.ts";

const port = Number(process.argv[2]);
const COUNT = 2000;
const AT_ONCE = 200;

/** Writes something again and again, until it is cut. */
function endlessly(socket: Socket, chunk: () => string | Uint8Array, ms: number): void {
  const timer = setInterval(() => socket.write(chunk()), ms);
  socket.once("close", () => clearInterval(timer));
}

const rubbish = Buffer.alloc(300, 0x5a);
const beginning = "GET / HTTP/1.1\r\nHost: localhost\r\nX: ";
const kinds: readonly ((socket: Socket) => void)[] = [
  // Silent.
  () => {},
  // Slow: a request that never ends.
  (socket) => {
    let at = 0;
    endlessly(socket, () => beginning[at++] ?? "x", 100);
  },
  // Upgrades, and stops.
  (socket) => void socket.write(upgradeRequest()),
  // Upgrades, begins a handshake, and stops.
  (socket) => {
    socket.write(upgradeRequest());
    socket.write(frame(Buffer.concat([Buffer.from([2, 1]), Buffer.alloc(32, 9)])));
  },
  // Upgrades, and sends pings for ever.
  (socket) => {
    socket.write(upgradeRequest());
    endlessly(socket, () => frame(rubbish.subarray(0, 50), { opcode: 9 }), 20);
  },
  // Rubbish for ever.
  (socket) => endlessly(socket, () => rubbish, 50),
];

let closed = 0;
let refused = 0;
const all = new Promise<void>((resolve) => {
  const ended = (): void => {
    if (++closed === COUNT) resolve();
  };
  const open = (index: number): Promise<void> =>
    new Promise((opened) => {
      const socket = connect(port, "127.0.0.1", () => {
        kinds[index % kinds.length]?.(socket);
        opened();
      });
      socket.on("data", (chunk) => {
        if (chunk.includes("503")) refused++;
      });
      socket.on("error", () => {});
      socket.once("close", ended);
    });
  void (async () => {
    for (let i = 0; i < COUNT; i += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, j) => open(i + j)));
    }
    process.send?.("there");
  })();
});
await all;
process.send?.({ closed, refused });
