/** A worker process is stopped and started again under load, and no call fails. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Peer } from "troupe";

const hub = new Peer({ name: "hub" });
await hub.listen({ port: 0, host: "127.0.0.1" });
const workers = hub.destination("worker");
const answered: Record<string, number> = {};
let [calling, failed] = [true, 0];

const [ann, ben] = await Promise.all([start("ann"), start("ben")]);
const load = Array.from({ length: 4 }, callOn);
await answers("ann", 100);
await answers("ben", 100);
console.log("ann and ben answer");

ann.kill("SIGTERM");
const [code] = (await once(ann, "close")) as [number | null];
console.log(`ann has left (exit code ${code})`);
await answers("ben", 100);
console.log("ben answers");

const again = await start("ann");
await answers("ann", 100);
console.log("ann is back and answers");

calling = false;
await Promise.all(load);
const total = Object.values(answered).reduce((sum, count) => sum + count, 0);
console.log(`${total} calls answered, ${failed} failed`);
if (failed > 0) process.exitCode = 1;

await Promise.all([ben, again].map(stop));
await hub.close();

/** Calls one after another. */
async function callOn(): Promise<void> {
  while (calling) {
    try {
      const { unit } = await workers.request("work");
      answered[unit.name] = (answered[unit.name] ?? 0) + 1;
    } catch (error) {
      failed++;
      console.error(error);
    }
  }
}

/** Resolves when this worker has answered so many more calls. */
async function answers(name: string, count: number): Promise<void> {
  const enough = (answered[name] ?? 0) + count;
  while ((answered[name] ?? 0) < enough) await workers.request("work");
}

/** Starts a worker as a process of its own; resolves when it takes calls. */
async function start(name: string): Promise<ChildProcess> {
  const file = fileURLToPath(new URL("worker.ts", import.meta.url));
  const address = `ws://127.0.0.1:${hub.port}`;
  const child = spawn(process.execPath, [...process.execArgv, file, name, address], {
    stdio: "inherit",
  });
  await new Promise<void>((resolve, reject) => {
    workers.on("unit", (unit) => {
      if (unit.name === name) resolve();
    });
    child.once("exit", (code) => reject(new Error(`${name} has ended with ${code}`)));
  });
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  await once(child, "close");
}
