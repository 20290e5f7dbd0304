import type { RoleList } from "../connection/connection.ts";
import type { Unit } from "./unit.ts";

/** Who wants to know which units play a role. */
export interface Watcher {
  joined(unit: Unit): void;
  left(unit: Unit): void;
}

/** Who plays what: the one owner of both indexes, units by peer and units by role. */
export class Roster {
  readonly #units = new Map<string, Unit>();
  readonly #playing = new Map<string, Set<Unit>>();
  readonly #watchers = new Map<string, Set<Watcher>>();
  /** Units that asked for no new work: connected, and in no role. */
  readonly #draining = new Set<Unit>();

  #closed = false;

  /** Whether no unit will ever come again. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The peer is closed. */
  close(): void {
    this.#closed = true;
  }

  get units(): Unit[] {
    return [...this.#units.values()];
  }

  get size(): number {
    return this.#units.size;
  }

  /** The unit that is this run of this peer. */
  find(id: string, instance: string): Unit | undefined {
    return this.#units.get(keyOf(id, instance));
  }

  /** Units that play a role now, in the order in which they took it up. */
  playing(role: string): Iterable<Unit> {
    return this.#playing.get(role) ?? [];
  }

  add(unit: Unit): void {
    this.#units.set(keyOf(unit.id, unit.instance), unit);
    for (const role of unit.activeRoles) this.#join(role, unit);
  }

  remove(unit: Unit): void {
    this.#units.delete(keyOf(unit.id, unit.instance));
    this.#draining.delete(unit);
    for (const role of unit.activeRoles) this.#leave(role, unit);
  }

  /** The unit announces roles. */
  learn(unit: Unit, list: RoleList, full: boolean): void {
    const before = new Set(unit.activeRoles);
    unit.learn(list, full);
    if (this.#draining.has(unit)) return;
    for (const role of before) if (!unit.activeRoles.has(role)) this.#leave(role, unit);
    for (const role of unit.activeRoles) if (!before.has(role)) this.#join(role, unit);
  }

  /** The unit wants no new work. */
  drain(unit: Unit): void {
    if (this.#draining.has(unit)) return;
    this.#draining.add(unit);
    for (const role of unit.activeRoles) this.#leave(role, unit);
  }

  /** Tells `watcher` of units that play `role`, those of now included. */
  watch(role: string, watcher: Watcher): void {
    let watchers = this.#watchers.get(role);
    if (watchers === undefined) {
      watchers = new Set();
      this.#watchers.set(role, watchers);
    }
    watchers.add(watcher);
    for (const unit of this.playing(role)) watcher.joined(unit);
  }

  #join(role: string, unit: Unit): void {
    let units = this.#playing.get(role);
    if (units === undefined) {
      units = new Set();
      this.#playing.set(role, units);
    }
    units.add(unit);
    for (const watcher of this.#watchers.get(role) ?? []) watcher.joined(unit);
  }

  #leave(role: string, unit: Unit): void {
    const units = this.#playing.get(role);
    if (units === undefined || !units.delete(unit)) return;
    if (units.size === 0) this.#playing.delete(role);
    for (const watcher of this.#watchers.get(role) ?? []) watcher.left(unit);
  }
}

const keyOf = (id: string, instance: string): string => `${id}/${instance}`;
