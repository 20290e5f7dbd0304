/** The smallest program there is: server.ts and client.ts, started here as two processes. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

interface Program {
  readonly child: ChildProcessByStdio<null, Readable, null>;
  readonly lines: Interface;
}

const server = run("server", "0");
const [listening] = (await once(server.lines, "line")) as [string];
const port = listening.split(" ").at(-1);

const client = run("client", `ws://localhost:${port}`);
await once(client.child, "close");
server.child.kill();
await once(server.child, "close");

/** Starts a program of this folder as this one was started, and shows what it says. */
function run(name: string, argument: string): Program {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, file, argument], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout);
  lines.on("line", (line) => console.log(`${name} | ${line}`));
  return { child, lines };
}
