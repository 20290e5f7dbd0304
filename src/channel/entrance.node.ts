import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Allowance } from "./allowance.node.ts";
import type { Channel } from "./channel.ts";
import type { ListenLimits, ListenOptions, Reception } from "./listening.ts";
import { SUBPROTOCOL } from "./subprotocol.ts";
import { type Refusal, type Upgrade, upgrader } from "./ws.node.ts";

/** Decides which upgrade requests become channels: path, subprotocol, origin, room, in this order. */
export class Entrance {
  readonly #path: string | undefined;
  readonly #origins: ListenOptions["origins"];
  readonly #reception: Reception;
  readonly #upgrade: Upgrade;
  #open = true;

  constructor(
    options: Pick<ListenOptions, "path" | "origins">,
    reception: Reception,
    limits: ListenLimits,
  ) {
    this.#path = options.path;
    this.#origins = options.origins;
    this.#reception = reception;
    this.#upgrade = upgrader(limits, (request) => this.#refuse(request));
  }

  /** Whether a request is meant for us and not for another user of the same server. */
  wants(request: IncomingMessage): boolean {
    return this.#rightPath(request) && offersOurs(request);
  }

  /**
   * Upgrades or refuses.
   *
   * @param allowance - has counted the request and its head
   * @param timeLeft - milliseconds, handed on to the reception
   * @returns false when somebody else has upgraded this socket already
   */
  enter(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    allowance: Allowance,
    timeLeft: number,
  ): boolean {
    let channel: Channel | undefined;
    try {
      channel = this.#upgrade(request, socket, head, allowance);
    } catch {
      allowance.lift();
      return false;
    }
    if (channel !== undefined) this.#reception.accept(channel, timeLeft);
    return true;
  }

  /** From here on everybody is refused. */
  close(): void {
    this.#open = false;
  }

  #refuse(request: IncomingMessage): Refusal | undefined {
    if (!this.#rightPath(request)) {
      return { status: 404, text: "No Troupe peer at this path." };
    }
    if (!offersOurs(request)) {
      return { status: 400, text: `Speak the WebSocket subprotocol ${SUBPROTOCOL} to this peer.` };
    }
    const origin = originOf(request);
    if (origin !== undefined && !this.#allows(origin)) {
      return { status: 403, text: "Pages of this Origin may not connect to this peer." };
    }
    if (!this.#open || !this.#reception.room()) {
      return {
        status: 503,
        text: "This peer takes no more connections now; try again.",
        headers: { "Retry-After": "1" },
      };
    }
    return undefined;
  }

  #rightPath(request: IncomingMessage): boolean {
    if (this.#path === undefined) return true;
    const url = request.url ?? "";
    const query = url.indexOf("?");
    return (query === -1 ? url : url.slice(0, query)) === this.#path;
  }

  #allows(origin: string): boolean {
    const origins = this.#origins;
    if (origins === undefined) return false;
    if (origins === "*") return true;
    if (typeof origins !== "function") return origins.includes(origin);
    try {
      return origins(origin) === true;
    } catch {
      // A check that fails has not said yes, and must not end the process either.
      return false;
    }
  }
}

function offersOurs(request: IncomingMessage): boolean {
  const offered = request.headers["sec-websocket-protocol"] ?? "";
  return offered.split(",").some((name) => name.trim() === SUBPROTOCOL);
}

/** The page a browser asks for; version 8 of the protocol had another name for the header. */
function originOf(request: IncomingMessage): string | undefined {
  const old = request.headers["sec-websocket-origin"];
  return request.headers.origin ?? (Array.isArray(old) ? old.join(", ") : old);
}

/** About how many bytes a request was on the wire, where nobody has counted them. */
export function requestBytes(request: IncomingMessage): number {
  const line = `${request.method} ${request.url} HTTP/1.1\r\n`.length;
  const overhead = ": \r\n".length / 2;
  return request.rawHeaders.reduce((sum, part) => sum + part.length + overhead, line + 2);
}
