import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { SubjectName } from "./benches.ts";
import type { Cores } from "./cores.ts";
import type { Answer, Question, Talk } from "./talk.ts";

/** Longest time a child may take for an answer, ms: a hang becomes a failure with a name. */
const PATIENCE = 60_000;

/** The two processes in which a subject runs, each on its own core where that can be had. */
export class Pair {
  readonly subject: SubjectName;
  readonly server: Child;
  readonly client: Child;
  /** Where the server listens. */
  readonly port: number;

  private constructor(subject: SubjectName, server: Child, client: Child, port: number) {
    this.subject = subject;
    this.server = server;
    this.client = client;
    this.port = port;
  }

  static async start(script: string, subject: SubjectName, cores: Cores): Promise<Pair> {
    const server = new Child(`${subject} server`, script, subject, cores?.server);
    const client = new Child(`${subject} client`, script, subject, cores?.client);
    return new Pair(subject, server, client, await server.ask("serve", null));
  }

  async end(): Promise<void> {
    await Promise.all([this.server.end(), this.client.end()]);
  }
}

/** A child process that answers one question at a time. */
class Child {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #stderr = "";
  #waiting: { answered(answer: Answer): void; failed(reason: Error): void } | undefined;
  /** How it ended, when it has. */
  #ended: string | undefined;

  constructor(name: string, script: string, subject: SubjectName, core: number | undefined) {
    this.#name = name;
    const node = [process.execPath, "--expose-gc", script, subject];
    const [command = "", ...args] =
      core === undefined ? node : ["taskset", "-c", String(core), ...node];
    this.#process = spawn(command, args, {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // The package as built, whatever conditions or loaders the bench itself runs with.
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    this.#process.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    this.#process.on("message", (answer: Answer) => this.#waiting?.answered(answer));
    this.#process.on("error", (error) => this.#onEnd(error.message));
    this.#process.on("close", (code, signal) => this.#onEnd(`ended with ${signal ?? code}`));
    this.#closed = once(this.#process, "close");
  }

  /** @throws Error with the child's stderr when it has ended, ends, or does not answer in time */
  async ask<What extends keyof Talk>(
    what: What,
    ask: Talk[What]["ask"],
  ): Promise<Talk[What]["answer"]> {
    if (this.#ended !== undefined) throw this.#failure(what, this.#ended);
    const question: Question<What> = { what, ask };
    const { answer } = await new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#failure(what, "gives no answer")), PATIENCE);
      this.#waiting = {
        answered: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        failed: (reason) => {
          clearTimeout(timer);
          reject(reason);
        },
      };
      this.#process.send(question);
    });
    return answer as Talk[What]["answer"];
  }

  async end(): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#process.kill("SIGKILL");
    await this.#closed;
  }

  #onEnd(how: string): void {
    this.#ended ??= how;
    this.#waiting?.failed(this.#failure("", this.#ended));
  }

  #failure(what: string, how: string): Error {
    return new Error(`bench: ${this.#name} ${what} ${how}\n${this.#stderr}`);
  }
}
