import { messageOf, TroupeError } from "../../src/errors.ts";
import type { Trace } from "./trace.ts";

/** One run of a process, from its start to its end. */
export interface Owner {
  /** The name it gives itself: no two runs have the same one. */
  readonly name: string;
  /** Whether its process died: what it still waited for, nobody waits for any more. */
  readonly killed: boolean;
}

interface Wait {
  readonly what: string;
  readonly owner: Owner;
}

/** Errors that say who is wrong: between honest peers there is none of them. */
const ACCUSING: ReadonlySet<string> = new Set(["PROTOCOL", "LIMIT", "BAD_ARGUMENT", "BAD_PAYLOAD"]);

/** Whether an error says that somebody broke the rules. */
export const isAccusing = (thrown: unknown): boolean =>
  thrown instanceof TroupeError && ACCUSING.has(thrown.code);

/** What must hold and does not; and all that somebody waits for. */
export class Ledger {
  readonly #trace: Trace;
  readonly #waits = new Set<Wait>();
  readonly faults: string[] = [];

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** An invariant is broken. */
  fault(what: string): void {
    this.#trace.add(`FAULT ${what}`);
    this.#trace.mark();
    this.faults.push(what);
  }

  check(holds: boolean, what: () => string): void {
    if (!holds) this.fault(what());
  }

  /** Somebody waits. What is returned is to be called when that is over, once. */
  wait(owner: Owner, what: string): () => void {
    const wait: Wait = { what, owner };
    this.#waits.add(wait);
    return () => this.check(this.#waits.delete(wait), () => `${what} settled twice`);
  }

  /** The code of what somebody's call failed with. */
  codeOf(what: string, thrown: unknown): string {
    const code = thrown instanceof TroupeError ? thrown.code : "";
    const right = code !== "" && !isAccusing(thrown);
    this.check(right, () => `${what} failed with ${code}: ${messageOf(thrown)}`);
    return code;
  }

  /** Nobody may wait any more but the dead. */
  settled(): void {
    for (const { what, owner } of this.#waits) {
      this.check(owner.killed, () => `${what} of ${owner.name} never settled`);
    }
  }
}
