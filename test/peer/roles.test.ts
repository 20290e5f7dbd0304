import { describe, expect, it } from "vitest";
import type { RoleState } from "../../src/frame/type.ts";
import { Roles } from "../../src/peer/roles.ts";
import { isTroupeError } from "../support/errors.ts";

/** Roles, and every change as it is announced. */
function announced(): { roles: Roles; changes: string[] } {
  const changes: string[] = [];
  const roles = new Roles(({ name, active }: RoleState, number) => {
    changes.push(`${number} ${active ? "" : "!"}${name}`);
  });
  return { roles, changes };
}

describe("a change of roles is announced under the next number", () => {
  it("when a role is made, active or not", () => {
    const { roles, changes } = announced();
    roles.make("greeter", {});
    roles.make("clock", { active: false });
    expect(changes).toEqual(["1 greeter", "2 !clock"]);
    expect(roles.list).toEqual({
      number: 2,
      roles: [
        { name: "greeter", active: true, version: "" },
        { name: "clock", active: false, version: "" },
      ],
    });
  });

  it("when it is disabled or enabled, and not when it is so already", () => {
    const { roles, changes } = announced();
    const { role } = roles.make("greeter", {});
    role.enable().disable().disable().enable();
    expect(changes).toEqual(["1 greeter", "2 !greeter", "3 greeter"]);
    expect(role.active).toBe(true);
  });

  it("when it is removed, as one that is not active any more", () => {
    const { roles, changes } = announced();
    const { role } = roles.make("$topic/news", {});
    roles.remove(role);
    roles.remove(role);
    expect(changes).toEqual(["1 $topic/news", "2 !$topic/news"]);
    expect(roles.list.roles).toEqual([]);
  });
});

it("gives the same role for the same name, and what is named of its options counts from then on", () => {
  const { roles, changes } = announced();
  const { role, made } = roles.make("greeter", { allow: [] });
  expect(made).toBe(true);
  expect(roles.make("greeter", {})).toEqual({ role, made: false });
  expect([role.active, role.allows("0a")]).toEqual([true, false]);
  roles.make("greeter", { active: false, allow: () => true });
  expect([role.active, role.allows("0a")]).toEqual([false, true]);
  expect(changes).toEqual(["1 greeter", "2 !greeter"]);
});

it("does not show the library's own roles", () => {
  const { roles } = announced();
  roles.make("$topic/news", {});
  roles.make("greeter", {});
  expect(roles.visible.map(({ name }) => name)).toEqual(["greeter"]);
});

it("takes as many roles as fit into one announcement, and no more", () => {
  const { roles } = announced();
  for (let i = 0; i < 4096; i++) roles.make(`role ${i}`, {});
  expect(() => roles.make("one more", {})).toThrow(isTroupeError("BAD_ARGUMENT", "4096"));
});
