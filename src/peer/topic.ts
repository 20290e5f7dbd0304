import { encodeText } from "../bytes/text.ts";
import { badArgument } from "../errors.ts";
import type { Payload } from "../frame/payload.ts";
import { MAX_NAME } from "../frame/type.ts";
import { broadcastTo } from "./broadcast.ts";
import { checkHandler, type MessageHandler } from "./handlers.ts";
import type { Roles } from "./roles.ts";
import type { Roster } from "./roster.ts";

/** Every topic is a role of this prefix, and publishing is a message of this event to all who play it. */
const PREFIX = "$topic/";
const EVENT = "publish";

/** A handler that hears a topic. */
export interface Subscription {
  /** What it hears. */
  readonly topic: string;
  /** Hears it no longer. */
  unsubscribe(): void;
}

/** Publish and subscribe over roles. */
export class Topics {
  readonly #roles: Roles;
  readonly #roster: Roster;

  constructor(roles: Roles, roster: Roster) {
    this.#roles = roles;
    this.#roster = roster;
  }

  subscribe(topic: string, handler: MessageHandler<never>): Subscription {
    checkHandler(handler);
    const { role } = this.#roles.make(roleOf(topic), {});
    role.handlers.addEvent("message", EVENT, handler);
    let subscribed = true;
    return {
      topic,
      unsubscribe: () => {
        if (!subscribed) return;
        subscribed = false;
        role.handlers.removeEvent("message", EVENT, handler);
        if (role.handlers.event("message", EVENT).length === 0) this.#roles.remove(role);
      },
    };
  }

  /** @returns how many units it was sent to */
  publish(topic: string, payload: Payload): number {
    const role = roleOf(topic);
    return broadcastTo(this.#roster.playing(role), { role, event: EVENT }, undefined, payload)
      .length;
  }
}

function roleOf(topic: unknown): string {
  if (typeof topic !== "string" || topic === "")
    throw badArgument("a topic must be a text that is not empty");
  const role = PREFIX + topic;
  if (encodeText(role).length <= MAX_NAME) return role;
  throw badArgument(`a topic has at most ${MAX_NAME - PREFIX.length} bytes`);
}
