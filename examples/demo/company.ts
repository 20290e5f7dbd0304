import { type ChildProcess, fork } from "node:child_process";
import type { Fact } from "./facts.ts";

/** Milliseconds after which a process that does not leave by itself is killed. */
const PATIENCE = 12_000;

/** What happens to the processes. */
export interface Watcher {
  /** A process reports. */
  heard(fact: Fact): void;
  /** A process is gone, and nobody had asked it to leave. */
  lost(name: string, pid: number, how: string): void;
}

/** The processes of the demo, by name: starts them, and sees to it that none is left behind. */
export class Company {
  readonly #watcher: Watcher;
  readonly #members = new Map<string, ChildProcess>();
  #leaving = false;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  /** The process of that name. */
  pidOf(name: string): number | undefined {
    return this.#members.get(name)?.pid;
  }

  /** Starts a process of its own for a part. Resolves when it is ready; rejects when it ends before. */
  start(name: string, file: string, part: object): Promise<Extract<Fact, { fact: "ready" }>> {
    const child = fork(new URL(file, import.meta.url), {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#members.set(name, child);
    child.send(part);
    return new Promise((resolve, reject) => {
      child.on("message", (message) => {
        const fact = message as Fact;
        if (fact.fact === "ready") resolve(fact);
        this.#watcher.heard(fact);
      });
      child.on("error", reject);
      child.once("exit", (code, signal) => {
        const how = signal ?? `exit code ${code}`;
        this.#members.delete(name);
        reject(new Error(`${name} ended before it was ready (${how})`));
        if (!this.#leaving) this.#watcher.lost(name, child.pid ?? 0, how);
      });
    });
  }

  /** Gives the process of that name an order. */
  order(name: string, order: string): void {
    this.#members.get(name)?.send(order);
  }

  /** Ends a process as a power cut would: it cannot say goodbye. */
  kill(name: string): void {
    this.#members.get(name)?.kill("SIGKILL");
  }

  /** The same for all. */
  killAll(): void {
    for (const child of this.#members.values()) child.kill("SIGKILL");
  }

  /** Lets all leave: each finishes its calls, says goodbye and ends. */
  async leave(): Promise<void> {
    this.#leaving = true;
    const members = [...this.#members.values()];
    await Promise.all(members.map(letGo));
  }
}

function letGo(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    child.once("exit", () => {
      clearTimeout(late);
      resolve();
    });
    if (child.connected) child.disconnect();
  });
}
