import type { Socket } from "node:net";
import { Allowance } from "./allowance.node.ts";

/** A socket that has left the waiting room for an upgrade. */
export interface Leaving {
  readonly allowance: Allowance;
  /** Milliseconds left of its time. */
  readonly timeLeft: number;
}

interface Guest {
  readonly raw: Socket;
  readonly until: number;
  readonly timer: NodeJS.Timeout;
  readonly gone: () => void;
  allowance: Allowance | undefined;
}

/** What a socket is found by. */
type Key = Socket | string;

/** Most sockets that may wait for their upgrade; one more puts the one that waited longest out. */
const MAX_GUESTS = 2048;

/**
 * The sockets that have connected and not upgraded yet. Each has a time, which runs from the
 * connection on whatever comes or does not come, and a number of bytes.
 *
 * Node's own `headersTimeout` is looked at every 30 seconds and starts anew with each request, and
 * its TLS timeout starts anew with each byte; so every socket has one timer here instead.
 */
export class WaitingRoom {
  readonly #time: number;
  readonly #bytes: number;
  readonly #key: (socket: Socket) => Key | undefined;
  readonly #guests = new Map<Key, Guest>();

  /**
   * @param time - milliseconds
   * @param bytes - of HTTP, that is after TLS has been taken off
   * @param tls - whether TLS is to be taken off
   */
  constructor(time: number, bytes: number, tls: boolean) {
    this.#time = time;
    this.#bytes = bytes;
    this.#key = tls ? addressOf : itself;
  }

  /** A TCP connection came: its time begins. */
  enter(raw: Socket): void {
    const key = this.#key(raw);
    if (key === undefined) {
      raw.destroy();
      return;
    }
    if (this.#guests.size >= MAX_GUESTS) this.#guests.values().next().value?.raw.destroy();
    const gone = (): void => {
      this.#forget(key);
    };
    const timer = setTimeout(() => raw.destroy(), this.#time);
    timer.unref();
    const until = performance.now() + this.#time;
    this.#guests.set(key, { raw, until, timer, gone, allowance: undefined });
    raw.once("close", gone);
  }

  /** What a connection says can be read from now on, on the same socket or on the TLS one above it. */
  watch(socket: Socket): void {
    const key = this.#key(socket);
    const guest = key === undefined ? undefined : this.#guests.get(key);
    if (guest === undefined) socket.destroy();
    else guest.allowance = new Allowance(socket, this.#bytes);
  }

  /** Lets a socket go, its time and bytes being its next keeper's; `undefined` when it is not here. */
  leave(socket: Socket): Leaving | undefined {
    const key = this.#key(socket);
    if (key === undefined) return undefined;
    const guest = this.#forget(key);
    if (guest?.allowance === undefined) return undefined;
    guest.raw.off("close", guest.gone);
    return { allowance: guest.allowance, timeLeft: Math.max(0, guest.until - performance.now()) };
  }

  /** Cuts everybody who is here. */
  clear(): void {
    for (const guest of this.#guests.values()) guest.raw.destroy();
  }

  #forget(key: Key): Guest | undefined {
    const guest = this.#guests.get(key);
    if (guest !== undefined) {
      clearTimeout(guest.timer);
      this.#guests.delete(key);
    }
    return guest;
  }
}

/** Without TLS whoever connects is whoever upgrades; asking for addresses would leave them in the socket. */
const itself = (socket: Socket): Socket => socket;

/**
 * What a TLS socket has in common with the TCP socket below it, unique among the open connections of
 * one server; `undefined` when the other end is gone already.
 */
function addressOf(socket: Socket): string | undefined {
  const { localAddress, remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return undefined;
  return `${localAddress} ${remoteAddress} ${remotePort}`;
}
