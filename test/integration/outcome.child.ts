/**
 * Serves the role `svc`: what it executes it writes to a log before it does anything else, a line for
 * each, so that whoever kills it can see what it had begun. With a folder as the second argument it
 * shares what it remembers with all who have the same folder.
 */
import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { type IdempotencyClaim, type IdempotencyStore, type IdempotentRequest, Peer } from "troupe";

/** A key is claimed by making its file, which one process can do; its answer is put into place whole. */
class FolderStore implements IdempotencyStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  begin({ key, fingerprint }: IdempotentRequest): IdempotencyClaim {
    const path = this.#path(key);
    try {
      writeFileSync(path, fingerprint, { flag: "wx" });
      return { state: "first" };
    } catch {
      const [known = "", answer] = readFileSync(path, "utf8").split(" ");
      // Made by another one that has not written yet.
      if (known === "") return { state: "pending", fingerprint };
      if (answer === undefined) return { state: "pending", fingerprint: known };
      return { state: "answer", fingerprint: known, answer: Buffer.from(answer, "hex") };
    }
  }

  /** Claims have no end here. */
  renew(): void {}

  finish({ key, fingerprint }: IdempotentRequest, answer: Uint8Array): boolean {
    const path = this.#path(key);
    const whole = `${path}.${process.pid}`;
    writeFileSync(whole, `${fingerprint} ${Buffer.from(answer).toString("hex")}`);
    renameSync(whole, path);
    return true;
  }

  abandon({ key }: IdempotentRequest): void {
    rmSync(this.#path(key), { force: true });
  }

  #path(key: string): string {
    return `${this.#folder}/${createHash("sha256").update(key).digest("hex")}`;
  }
}

const [log = "", folder] = process.argv.slice(2);
const store = folder === undefined ? undefined : new FolderStore(folder);
const peer = new Peer({ name: log, idempotency: { store, wait: 500 } });
peer.role("svc").onRequest<number>("double", async (ctx) => {
  appendFileSync(log, `${ctx.data}\n`);
  await pause(5);
  return ctx.data * 2;
});
await peer.listen({ port: 0, host: "127.0.0.1" });
process.send?.(`ws://127.0.0.1:${peer.port}`);
