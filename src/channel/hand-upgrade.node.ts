import { IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { asBuffer } from "../bytes/as-buffer.node.ts";
import { badArgument } from "../errors.ts";
import { Allowance } from "./allowance.node.ts";
import { type Entrance, requestBytes } from "./entrance.node.ts";
import type { ListenLimits } from "./listening.ts";

/** What an `upgrade` event of node:http brings. */
export interface UpgradeEvent {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** What an `upgrade` event gave; `undefined` when it cannot be one. */
export function toUpgradeEvent(
  request: unknown,
  socket: unknown,
  head: unknown,
): UpgradeEvent | undefined {
  if (!(request instanceof IncomingMessage && socket instanceof Duplex)) return undefined;
  if (!(head instanceof Uint8Array)) return undefined;
  return { request, socket, head: asBuffer(head) };
}

/**
 * Takes an upgrade from a server of the user's, where nobody has counted what came so far.
 *
 * @returns false when somebody else has upgraded that socket already
 */
export function takeUpgrade(
  entrance: Entrance,
  limits: ListenLimits,
  event: UpgradeEvent,
): boolean {
  const { request, socket, head } = event;
  const allowance = new Allowance(socket, limits.handshakeBytes);
  allowance.spend(requestBytes(request) + head.length);
  return entrance.enter(request, socket, head, allowance, limits.handshakeTime);
}

/**
 * The `handleUpgrade` of a listener: takes what the user hands over.
 *
 * @throws TroupeError `BAD_ARGUMENT` when these are not the arguments of an `upgrade` event, or
 *   somebody else has upgraded that socket
 */
export function handUpgrade(
  entrance: Entrance,
  limits: ListenLimits,
): (request: unknown, socket: unknown, head: unknown) => void {
  return (request, socket, head) => {
    const event = toUpgradeEvent(request, socket, head);
    if (event === undefined) {
      throw badArgument("handleUpgrade takes request, socket and head of node's `upgrade` event");
    }
    if (!takeUpgrade(entrance, limits, event)) {
      throw badArgument("this socket has been upgraded already: give each upgrade to one taker");
    }
  };
}
