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
  /** By address: that is what a TLS socket has in common with the TCP socket below it. */
  readonly #guests = new Map<string, Guest>();

  /**
   * @param time - milliseconds
   * @param bytes - of HTTP, that is after TLS has been taken off
   */
  constructor(time: number, bytes: number) {
    this.#time = time;
    this.#bytes = bytes;
  }

  /** A TCP connection came: its time begins. */
  enter(raw: Socket): void {
    const address = addressOf(raw);
    if (address === undefined) {
      raw.destroy();
      return;
    }
    if (this.#guests.size >= MAX_GUESTS) this.#guests.values().next().value?.raw.destroy();
    const gone = (): void => {
      this.#forget(address);
    };
    const timer = setTimeout(() => raw.destroy(), this.#time);
    timer.unref();
    const until = performance.now() + this.#time;
    this.#guests.set(address, { raw, until, timer, gone, allowance: undefined });
    raw.once("close", gone);
  }

  /** What a connection says can be read from now on, on the same socket or on the TLS one above it. */
  watch(socket: Socket): void {
    const address = addressOf(socket);
    const guest = address === undefined ? undefined : this.#guests.get(address);
    if (guest === undefined) socket.destroy();
    else guest.allowance = new Allowance(socket, this.#bytes);
  }

  /** Lets a socket go, its time and bytes being its next keeper's; `undefined` when it is not here. */
  leave(socket: Socket): Leaving | undefined {
    const address = addressOf(socket);
    if (address === undefined) return undefined;
    const guest = this.#forget(address);
    if (guest?.allowance === undefined) return undefined;
    guest.raw.off("close", guest.gone);
    return { allowance: guest.allowance, timeLeft: Math.max(0, guest.until - performance.now()) };
  }

  /** Cuts everybody who is here. */
  clear(): void {
    for (const guest of this.#guests.values()) guest.raw.destroy();
  }

  #forget(address: string): Guest | undefined {
    const guest = this.#guests.get(address);
    if (guest !== undefined) {
      clearTimeout(guest.timer);
      this.#guests.delete(address);
    }
    return guest;
  }
}

/** Unique among the open connections of one server; `undefined` when the other end is gone already. */
function addressOf(socket: Socket): string | undefined {
  const { localAddress, remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return undefined;
  return `${localAddress} ${remoteAddress} ${remotePort}`;
}
