import type { RoleList } from "../connection/connection.ts";
import { MAX_NAME, MAX_ROLES, type RoleState } from "../frame/type.ts";
import { encodeText } from "../bytes/text.ts";
import { badArgument } from "../errors.ts";
import { Role, type RoleOptions } from "./role.ts";

/** Names that begin with this are the library's own. */
const RESERVED = "$";

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
    return [...this.#roles.values()].filter((role) => !role.name.startsWith(RESERVED));
  }

  /** As they are announced. */
  get list(): RoleList {
    return { number: this.#number, roles: [...this.#roles.values()].map((role) => role.state) };
  }

  find(name: string): Role | undefined {
    return this.#roles.get(name);
  }

  /** The role of this name, made when there is none. */
  make(name: string, options: RoleOptions): { role: Role; made: boolean } {
    const known = this.#roles.get(name);
    if (known !== undefined) return { role: known, made: false };
    if (this.#roles.size >= MAX_ROLES) throw badArgument(`a peer plays at most ${MAX_ROLES} roles`);
    const role = new Role(name, options, (changed) => this.#announce(changed.state));
    this.#roles.set(name, role);
    this.#announce(role.state);
    return { role, made: true };
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

/**
 * Checks the name of a role or destination of a user's.
 *
 * @throws TroupeError `BAD_ARGUMENT` when it is empty, too long, or reserved
 */
export function checkRoleName(name: unknown): string {
  if (typeof name !== "string" || name === "")
    throw badArgument("a role's name must be a text that is not empty");
  if (encodeText(name).length > MAX_NAME)
    throw badArgument(`a role's name has at most ${MAX_NAME} bytes`);
  if (name.startsWith(RESERVED))
    throw badArgument(`role "${name}": names that begin with ${RESERVED} are reserved`);
  return name;
}
