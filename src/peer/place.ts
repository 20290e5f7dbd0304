import type { Awaiting, Watcher } from "../connection/awaiting.ts";
import type { Admission } from "./admission.ts";
import type { Handler } from "./handlers.ts";

/** The place of a running handler among those of its role, given back once. */
export class Place implements Watcher {
  readonly #admission: Admission;
  #held = true;

  /** Takes it. */
  constructor(admission: Admission) {
    this.#admission = admission;
    admission.running++;
  }

  /**
   * A handler that answers by a callback may never call it, and nobody sees when it is done: its place is
   * free when its caller gives up.
   */
  watch(caller: Awaiting, handlers: readonly Handler[]): void {
    if (handlers.some(({ length }) => length >= 2)) caller.watcher = this;
  }

  givenUp(): void {
    this.leave();
  }

  leave(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#admission.leave();
  }
}
