import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** A program of this folder that runs in a process of its own, gone when the test has finished. */
export function startChild(program: string, ...args: string[]): ChildProcess {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", "-C", "troupe-source", path, ...args], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  });
  return child;
}

/** What a child says next over IPC. */
export async function hear(child: ChildProcess): Promise<unknown> {
  const [message] = await once(child, "message");
  return message;
}
