import { createHook } from "node:async_hooks";
import type { Readable, Writable } from "node:stream";
import { Peer } from "troupe";
import { Log } from "../support/mesh.ts";
import { randomFrom } from "../support/proxy.ts";
import { liveBytes } from "./memory.ts";
import { content, handle, KINDS, open } from "./streams.ts";

/** What is left of many streams. */
export interface Leftovers {
  /** Timers and sockets that were made meanwhile and are still there when the peers are closed. */
  readonly handles: readonly string[];
  /** Bytes by which the second half of the streams has let the heap grow, for each. */
  readonly bytesPerStream: number;
  /** Calls and streams that either side still knows of. */
  readonly load: number;
  /** Listeners on a signal that all streams had in common. */
  readonly listeners: number;
}

const CHUNK = content(100_000);
const WATCHED: ReadonlySet<string> = new Set(["Timeout", "TCPWRAP", "MESSAGEPORT"]);

/** Does to an end what chance says: writes, reads, ends, leaves, nothing at all. */
function doSomething(end: Readable | Writable, random: () => number): void {
  const choice = Math.floor(random() * 6);
  if (choice === 0) end.destroy();
  else if (choice === 1) end.destroy(new Error("enough"));
  if (choice <= 1) return;
  if ("resume" in end && choice !== 2) end.resume();
  if ("end" in end) {
    end.write(CHUNK.subarray(0, 1 + Math.floor(random() * CHUNK.length)));
    if (choice !== 3) end.end();
  }
}

/** Opens streams of all kinds between two peers, and lets chance end them on either side. */
export async function cycleStreams(count: number): Promise<Leftovers> {
  const random = randomFrom(1);
  const server = new Peer({ logger: new Log() });
  const client = new Peer({ logger: new Log() });
  handle(server, "do", (end) => {
    const when = random();
    if (when < 0.2) throw new Error("not you");
    doSomething(end, random);
    return when < 0.3 ? new Promise((resolve) => end.once("close", resolve)) : "taken";
  });
  await server.listen({ port: 0, host: "127.0.0.1" });
  const { unit } = await client.connect(`ws://127.0.0.1:${server.port}`);
  const svc = await client.destination("svc").whenReady();
  const shared = countingSignal();

  const alive = new Map<number, string>();
  const hook = createHook({
    init: (id, type) => {
      if (WATCHED.has(type)) alive.set(id, type);
    },
    destroy: (id) => void alive.delete(id),
  });
  const several = async (streams: number): Promise<void> => {
    for (let i = 0; i < streams; i += 50) {
      const ends = Array.from({ length: Math.min(50, streams - i) }, () => {
        const kind = KINDS[Math.floor(random() * 3)] ?? "duplex";
        const end = open(svc, kind, { event: "do", signal: shared.signal });
        doSomething(end, random);
        return end;
      });
      await leaveAll(ends, unit);
    }
  };
  await several(100);
  hook.enable();
  await several(count / 2);
  const middle = await liveBytes();
  await several(count / 2);
  const bytesPerStream = ((await liveBytes()) - middle) / (count / 2);
  const load = unit.load + (server.units[0]?.load ?? 0);
  await client.close();
  await server.close();
  for (let i = 0; i < 10; i++) await new Promise((later) => setImmediate(later));
  hook.disable();
  return { handles: [...alive.values()], bytesPerStream, load, listeners: shared.listeners() };
}

/** Whatever chance has left open is destroyed after a while. */
async function leaveAll(
  ends: readonly (Readable | Writable)[],
  unit: { load: number },
): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((later) => setImmediate(later));
  for (const end of ends) end.destroy();
  while (unit.load > 0) await new Promise((later) => setImmediate(later));
}

/** A signal that never aborts, and how many listen to it. */
function countingSignal(): { signal: AbortSignal; listeners: () => number } {
  const { signal } = new AbortController();
  let listeners = 0;
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (...args: unknown[]): void => {
    listeners++;
    Reflect.apply(add, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]): void => {
    listeners--;
    Reflect.apply(remove, signal, args);
  };
  return { signal, listeners: () => listeners };
}
