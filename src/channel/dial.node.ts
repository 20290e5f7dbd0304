import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { badArgument, messageOf } from "../errors.ts";
import { Allowance } from "./allowance.node.ts";
import type { Channel } from "./channel.ts";
import { dialAddress, foreign, refused, unreachable } from "./dial-failure.ts";
import type { Dial, DialOptions } from "./dialing.ts";
import { SUBPROTOCOL } from "./subprotocol.ts";
import { socketOptions, WsChannel } from "./ws.node.ts";

/**
 * Opens a channel by `ws`; see {@link Dial}. Of the `client` options these are not the caller's:
 * subprotocol, `perMessageDeflate`, `maxPayload` and `closeTimeout`.
 */
export const dial: Dial = (url, options) =>
  new Promise((resolve, reject) => {
    options.signal.throwIfAborted();
    new Attempt(dialAddress(url), options, resolve, reject).begin();
  });

/** One attempt to connect: it ends once, with a channel, or with a reason and no socket left. */
class Attempt {
  readonly #url: URL;
  readonly #options: DialOptions;
  readonly #resolve: (channel: Channel) => void;
  readonly #reject: (reason: unknown) => void;
  #socket: WebSocket | undefined;
  #raw: Duplex | undefined;
  #allowance: Allowance | undefined;
  #upgraded = false;
  #settled = false;

  constructor(
    url: URL,
    options: DialOptions,
    resolve: (channel: Channel) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#url = url;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {
    try {
      this.#socket = new WebSocket(this.#url, [SUBPROTOCOL], this.#clientOptions());
    } catch (thrown) {
      throw badArgument(`cannot dial ${this.#url.href}: ${messageOf(thrown)}`, { cause: thrown });
    }
    this.#socket.on("open", this.#opened);
    this.#socket.on("error", this.#broken);
    this.#socket.on("unexpected-response", this.#answered);
    this.#options.signal.addEventListener("abort", this.#aborted);
  }

  #clientOptions(): Record<string, unknown> {
    const { client, limits } = this.#options;
    return {
      // Said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED in the environment does not decide it.
      rejectUnauthorized: true,
      maxHeaderSize: limits.handshakeBytes,
      ...client,
      ...socketOptions(limits),
      finishRequest: (request: ClientRequest, socket: WebSocket) => {
        this.#watch(request);
        if (typeof client["finishRequest"] === "function") client["finishRequest"](request, socket);
        else request.end();
      },
    };
  }

  /** Counts what comes back from the first byte on, and ahead of `ws`. */
  #watch(request: ClientRequest): void {
    request.once("socket", (raw) => {
      this.#raw = raw;
      this.#allowance = new Allowance(raw, this.#options.limits.handshakeBytes);
    });
    request.prependOnceListener("upgrade", (_response, _raw, head) => {
      this.#upgraded = true;
      // `ws` puts the head back into the socket: it would be counted again.
      this.#allowance?.spend(-head.length);
    });
  }

  readonly #opened = (): void => {
    const { signal, limits } = this.#options;
    const [socket, raw, allowance] = [this.#socket, this.#raw, this.#allowance];
    if (socket === undefined || raw === undefined || allowance === undefined) return;
    this.#settled = true;
    signal.removeEventListener("abort", this.#aborted);
    const channel = new WsChannel(socket, raw, true, allowance, limits);
    socket.off("open", this.#opened);
    socket.off("error", this.#broken);
    socket.off("unexpected-response", this.#answered);
    this.#resolve(channel);
  };

  readonly #broken = (error: Error): void => {
    if (this.#settled) return;
    const exceeded = this.#allowance?.exceeded;
    if (exceeded !== undefined) this.#fail(foreign(this.#url, exceeded));
    else if (this.#upgraded) this.#fail(foreign(this.#url, error.message));
    else this.#fail(unreachable(this.#url, error));
  };

  readonly #answered = (_request: ClientRequest, response: IncomingMessage): void => {
    this.#fail(refused(this.#url, response.statusCode ?? 0));
  };

  readonly #aborted = (): void => this.#fail(this.#options.signal.reason);

  /** The `error` listener stays: `ws` reports the attempt that is given up here, too. */
  #fail(reason: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#options.signal.removeEventListener("abort", this.#aborted);
    this.#socket?.terminate();
    this.#reject(reason);
  }
}
