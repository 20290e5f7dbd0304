import { join } from "../bytes/bytes.ts";
import { badArgument, messageOf, TroupeError } from "../errors.ts";
import type { Channel, ChannelLimits, ChannelReceiver } from "./channel.ts";
import { dialAddress, foreign } from "./dial-failure.ts";
import type { DialOptions } from "./dialing.ts";
import { Inbox } from "./inbox.ts";
import { SUBPROTOCOL } from "./subprotocol.ts";

/** Milliseconds that a polite close may take before nobody waits for it any more. */
const CLOSE_TIME = 1000;

/** Milliseconds between two looks at `bufferedAmount`, for which the standard has no event. */
const POLL_TIME = 10;

/** The close code of a cut; a page may send none but 1000 and those from 3000 to 4999. */
const CUT = 4000;

/** Close codes with which nothing went wrong: normal, going away, none given (RFC 6455, 7.4.1). */
const GOODBYES: ReadonlySet<number> = new Set([1000, 1001, 1005]);

/**
 * Opens a channel by the platform's standard WebSocket. It may not see why a connection fails, so the
 * error names what can be the matter.
 *
 * @param Socket - the platform's class; tests pass another
 * @throws TroupeError `CONNECT_FAILED`; the signal's reason when it is aborted
 */
export function openWebSocket(
  url: URL,
  options: DialOptions,
  Socket: typeof WebSocket,
): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const { signal, limits } = options;
    signal.throwIfAborted();
    const address = dialAddress(url);
    const socket = construct(Socket, address);
    const settle = (): void => {
      signal.removeEventListener("abort", abort);
      silence(socket);
    };
    const fail = (reason: unknown): void => {
      settle();
      socket.close();
      reject(reason);
    };
    const abort = (): void => fail(signal.reason);
    signal.addEventListener("abort", abort);
    socket.onerror = () => fail(unexplained(address));
    socket.onclose = () => fail(unexplained(address));
    socket.onopen = () => {
      if (socket.protocol !== SUBPROTOCOL) {
        fail(foreign(address, "it chose no or another subprotocol"));
        return;
      }
      settle();
      resolve(new WebSocketChannel(socket, address.host, limits));
    };
  });
}

/** Throws where there is no WebSocket, or the page may not open this one (ws: from https:). */
function construct(Socket: typeof WebSocket, address: URL): WebSocket {
  try {
    const socket = new Socket(address, SUBPROTOCOL);
    socket.binaryType = "arraybuffer";
    return socket;
  } catch (thrown) {
    throw badArgument(`cannot dial ${address.href}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** A channel on a standard WebSocket that is open. */
class WebSocketChannel implements Channel {
  readonly remote: string;
  readonly #socket: WebSocket;
  readonly #limits: ChannelLimits;
  readonly #inbox: Inbox;
  #phase: "open" | "closing" | "over" = "open";
  #received = 0;
  #admitted = false;
  #poll: ReturnType<typeof setTimeout> | undefined;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: WebSocket, remote: string, limits: ChannelLimits) {
    this.remote = remote;
    this.#socket = socket;
    this.#limits = limits;
    this.#inbox = new Inbox(limits.handshakeBytes);
    socket.onmessage = ({ data }: MessageEvent<unknown>) => this.#message(data);
    socket.onclose = ({ code }) => this.#closed(code);
    // What went wrong is not told; the close event that follows is what counts.
    socket.onerror = () => {};
  }

  get buffered(): number {
    return this.#phase === "over" ? 0 : this.#socket.bufferedAmount;
  }

  start(receiver: ChannelReceiver): void {
    this.#inbox.start(receiver);
  }

  send(message: Uint8Array<ArrayBuffer>, tail?: Uint8Array): void {
    if (this.#phase !== "open") return;
    this.#socket.send(tail === undefined ? message : join(message, tail));
    if (this.#poll === undefined && this.#socket.bufferedAmount > this.#limits.highWater) {
      this.#poll = setTimeout(this.#look, POLL_TIME);
    }
  }

  admit(): void {
    this.#admitted = true;
  }

  close(): void {
    if (this.#phase !== "open") return;
    this.#phase = "closing";
    this.#socket.close(1000);
    this.#closeTimer = setTimeout(
      () => this.#cut(`the other side did not answer the goodbye within ${CLOSE_TIME} ms`),
      CLOSE_TIME,
    );
  }

  abort(): void {
    this.#cut("cut by this side");
  }

  readonly #look = (): void => {
    this.#poll = undefined;
    if (this.#phase !== "open") return;
    if (this.#socket.bufferedAmount > this.#limits.highWater) {
      this.#poll = setTimeout(this.#look, POLL_TIME);
    } else {
      this.#inbox.drained();
    }
  };

  #message(data: unknown): void {
    const { handshakeBytes, messageBytes } = this.#limits;
    if (!(data instanceof ArrayBuffer)) {
      this.#cut("a text message came: the other side does not speak troupe.1");
      return;
    }
    this.#received += data.byteLength;
    if (!this.#admitted && this.#received > handshakeBytes) {
      this.#cut(`more than ${handshakeBytes} bytes came before the other side was authenticated`);
    } else if (data.byteLength > messageBytes) {
      this.#cut(`a message of more than ${messageBytes} bytes came`);
    } else if (!this.#inbox.message(new Uint8Array(data))) {
      this.#cut("too much came before anybody listened");
    }
  }

  /** The standard has no way to cut: say that it is one, and do not listen any more. */
  #cut(reason: string): void {
    if (this.#phase === "over") return;
    this.#inbox.shut();
    this.#end();
    this.#socket.close(CUT);
    queueMicrotask(() => this.#inbox.close({ clean: false, reason }));
  }

  #closed(code: number): void {
    const asked = this.#phase === "closing";
    this.#end();
    if (GOODBYES.has(code)) {
      const who = asked ? "this" : "the other";
      this.#inbox.close({ clean: true, reason: `closed by ${who} side` });
    } else {
      this.#inbox.close({ clean: false, reason: `the connection was lost (close code ${code})` });
    }
  }

  #end(): void {
    this.#phase = "over";
    silence(this.#socket);
    clearTimeout(this.#poll);
    clearTimeout(this.#closeTimer);
  }
}

/** An error handler stays: where the platform has none, it may report the error to the process. */
function silence(socket: WebSocket): void {
  socket.onopen = null;
  socket.onmessage = null;
  socket.onclose = null;
  socket.onerror = () => {};
}

function unexplained(url: URL): TroupeError {
  const secure = url.protocol === "wss:" ? ", its TLS certificate is not trusted" : "";
  return new TroupeError(
    "CONNECT_FAILED",
    `cannot connect to ${url.href}: nothing listens there${secure}, it refuses this page's Origin, or it is full; browsers do not tell which`,
  );
}
