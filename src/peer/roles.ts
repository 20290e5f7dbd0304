import type { RoleList } from "../connection/connection.ts";
import { badArgument } from "../errors.ts";
import { MAX_ROLES, type RoleState } from "../frame/type.ts";
import { Role, type RoleOptions } from "./role.ts";
import { isVisible } from "./role-name.ts";

/** The roles of this peer, and the number of their last change. */
export class Roles {
  readonly #roles = new Map<string, Role>();
  readonly #changed: (changed: RoleState, number: number) => void;
  #number = 0;

  /** @param changed - told of every new, enabled, disabled or removed role */
  constructor(changed: (changed: RoleState, number: number) => void) {
    this.#changed = changed;
  }

  /** All but those of the library's own. */
  get visible(): Role[] {
    return [...this.#roles.values()].filter((role) => isVisible(role.name));
  }

  /** As they are announced. */
  get list(): RoleList {
    return { number: this.#number, roles: [...this.#roles.values()].map((role) => role.state) };
  }

  /** The number of the last change. */
  get number(): number {
    return this.#number;
  }

  find(name: string): Role | undefined {
    return this.#roles.get(name);
  }

  /** The role of this name, made when there is none. */
  make(name: string, options: RoleOptions): { role: Role; made: boolean } {
    const known = this.#roles.get(name);
    if (known !== undefined) {
      known.configure(options);
      return { role: known, made: false };
    }
    if (this.#roles.size >= MAX_ROLES) throw badArgument(`a peer plays at most ${MAX_ROLES} roles`);
    const role = new Role(name, options, (changed) => this.#announce(changed.state));
    this.#roles.set(name, role);
    this.#announce(role.state);
    return { role, made: true };
  }

  /** Refuses what waits for its turn in any of them: this peer leaves. */
  dismiss(): void {
    for (const role of this.#roles.values()) role.admission.dismiss();
  }

  /** Plays the role no longer. */
  remove(role: Role): void {
    if (this.#roles.get(role.name) !== role) return;
    this.#roles.delete(role.name);
    this.#announce({ ...role.state, active: false });
  }

  #announce(state: RoleState): void {
    this.#changed(state, ++this.#number);
  }
}
