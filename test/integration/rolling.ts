import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { type Destination, Peer } from "troupe";
import { startChild } from "./children.ts";

/** What became of the load. */
export interface Rolled {
  readonly answered: number;
  readonly copied: number;
  readonly failures: string[];
  /** Exit codes of the workers that were told to leave. */
  readonly exits: (number | null)[];
}

const NAMES = ["ann", "ben", "cid", "dan"];
/** Milliseconds between two bunches of requests. */
const PAUSE = 5;
/** Bytes of each copied stream. */
const COPIED = 200_000;

/**
 * Restarts each of four workers so many times, one after the other, while requests come at `rate` a
 * second, whatever becomes of those before, and streams are copied.
 */
export async function roll(rounds: number, rate: number): Promise<Rolled> {
  const hub = new Peer({ name: "hub" });
  await hub.listen({ port: 0, host: "127.0.0.1" });
  const workers = hub.destination("worker");
  const start = (name: string): Promise<ChildProcess> => startWorker(workers, name, hub.port ?? 0);
  const running = new Map<string, ChildProcess>();
  for (const name of NAMES) running.set(name, await start(name));

  const load = new Load(workers, rate);
  const exits: (number | null)[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const name of NAMES) {
      exits.push(await stop(running.get(name)));
      running.set(name, await start(name));
    }
  }
  const result = await load.end();
  await Promise.all([...running.values()].map(stop));
  await hub.close();
  return { ...result, exits };
}

/** Requests at a steady rate, and one stream after the other. */
class Load {
  readonly #workers: Destination;
  readonly #calls = new Set<Promise<void>>();
  readonly #running: Promise<unknown>;
  readonly #failures: string[] = [];
  #going = true;
  #answered = 0;
  #copied = 0;

  constructor(workers: Destination, rate: number) {
    this.#workers = workers;
    this.#running = Promise.all([this.#ask(rate), this.#copy()]);
  }

  async end(): Promise<Omit<Rolled, "exits">> {
    this.#going = false;
    await this.#running;
    await Promise.all(this.#calls);
    return { answered: this.#answered, copied: this.#copied, failures: this.#failures };
  }

  async #ask(rate: number): Promise<void> {
    const began = performance.now();
    for (let asked = 0; this.#going; await delay(PAUSE)) {
      const due = ((performance.now() - began) * rate) / 1000;
      for (; asked < due; asked++) this.#call(asked);
    }
  }

  #call(number: number): void {
    const call = this.#workers.request<number>("work", number).then(
      ({ data }) => {
        if (data === number) this.#answered++;
        else this.#failures.push(`${number} was answered with ${data}`);
      },
      (error: unknown) => {
        this.#failures.push(String(error));
      },
    );
    this.#calls.add(call);
    void call.then(() => this.#calls.delete(call));
  }

  async #copy(): Promise<void> {
    while (this.#going) {
      try {
        const stream = this.#workers.duplex("copy");
        stream.end(Buffer.alloc(COPIED, this.#copied));
        let bytes = 0;
        for await (const chunk of stream) bytes += chunk.length;
        if (bytes !== COPIED) throw new Error(`${bytes} bytes came back`);
        this.#copied++;
      } catch (error) {
        this.#failures.push(`stream: ${String(error)}`);
      }
    }
  }
}

/** Resolves when the worker takes calls. */
async function startWorker(
  workers: Destination,
  name: string,
  port: number,
): Promise<ChildProcess> {
  const child = startChild("worker.child.ts", name, `ws://127.0.0.1:${port}`);
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`${name} ended with ${code} before it had come`);
  });
  const came = new Promise<void>((resolve) => {
    workers.on("unit", (unit) => {
      if (unit.name === name) resolve();
    });
  });
  await Promise.race([came, ended]);
  ended.catch(() => {}); // it ends later, when it is told to
  return child;
}

async function stop(child: ChildProcess | undefined): Promise<number | null> {
  if (child === undefined) throw new Error("no such worker");
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const [code] = (await exited) as [number | null];
  return code;
}
