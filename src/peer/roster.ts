import type { RoleList } from "../connection/connection.ts";
import { isVisible } from "./role-name.ts";
import type { Unit } from "./unit.ts";

/** Who wants to know which units play a role. */
export interface Watcher {
  joined(unit: Unit): void;
  left(unit: Unit): void;
  /** It is not reached now, and may be again soon. */
  suspended(unit: Unit): void;
  /** It is reached again. */
  resumed(unit: Unit): void;
  /** No unit will ever come again. */
  closed(): void;
}

/** Who plays what: the one owner of both indexes, units by peer and units by role. */
export class Roster {
  /** By public key: processes may share one. */
  readonly #units = new Map<string, readonly Unit[]>();
  readonly #playing = new Map<string, Set<Unit>>();
  readonly #watchers = new Map<string, Set<Watcher>>();
  /** Units that asked for no new work: connected, and in no role. */
  readonly #draining = new Set<Unit>();

  #closed = false;

  /** Whether no unit will ever come again. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The peer is closed: whoever waits for units is told. */
  close(): void {
    this.#closed = true;
    for (const watchers of this.#watchers.values()) {
      for (const watcher of watchers) watcher.closed();
    }
  }

  get units(): Unit[] {
    return [...this.#units.values()].flat();
  }

  /** The unit that is this run of this peer. */
  find(id: string, instance: string): Unit | undefined {
    return this.#units.get(id)?.find((unit) => unit.instance === instance);
  }

  /** Units that play a role now, in the order in which they took it up. */
  playing(role: string): Iterable<Unit> {
    return this.#playing.get(role) ?? [];
  }

  add(unit: Unit): void {
    this.#units.set(unit.id, [...(this.#units.get(unit.id) ?? []), unit]);
    for (const role of unit.activeRoles) this.#join(role, unit);
  }

  remove(unit: Unit): void {
    const others = this.#units.get(unit.id)?.filter((other) => other !== unit) ?? [];
    if (others.length > 0) this.#units.set(unit.id, others);
    else this.#units.delete(unit.id);
    this.#draining.delete(unit);
    for (const role of unit.activeRoles) this.#leave(role, unit);
  }

  /** The unit announces roles. */
  learn(unit: Unit, list: RoleList, full: boolean): void {
    const { joined, left } = unit.learn(list, full);
    for (const role of left) this.#leave(role, unit);
    for (const role of joined) this.#join(role, unit);
    if ([...joined, ...left].some(isVisible)) unit.emit("roles");
  }

  /** The unit is not reached now. */
  suspend(unit: Unit): void {
    this.#tell(unit, (watcher) => watcher.suspended(unit));
  }

  /** The unit is reached again. */
  resume(unit: Unit): void {
    this.#tell(unit, (watcher) => watcher.resumed(unit));
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

  #tell(unit: Unit, tell: (watcher: Watcher) => void): void {
    for (const role of unit.activeRoles) {
      for (const watcher of this.#watchers.get(role) ?? []) tell(watcher);
    }
  }

  /** Listeners run in between: by now the unit may be gone, or play the role no longer. */
  #join(role: string, unit: Unit): void {
    if (this.find(unit.id, unit.instance) !== unit) return;
    if (this.#draining.has(unit) || !unit.activeRoles.includes(role)) return;
    let units = this.#playing.get(role);
    if (units === undefined) {
      units = new Set();
      this.#playing.set(role, units);
    }
    units.add(unit);
    for (const watcher of [...(this.#watchers.get(role) ?? [])]) watcher.joined(unit);
  }

  #leave(role: string, unit: Unit): void {
    const units = this.#playing.get(role);
    if (units === undefined || !units.delete(unit)) return;
    if (units.size === 0) this.#playing.delete(role);
    for (const watcher of [...(this.#watchers.get(role) ?? [])]) watcher.left(unit);
  }
}
