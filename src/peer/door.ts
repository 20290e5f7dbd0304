import { attach, listen } from "#listen";
import type { Listener, ListenLimits, ListenOptions, Reception } from "../channel/listening.ts";
import { badArgument } from "../errors.ts";

/** Where a peer is dialled: one listener at most, for as long as the peer is there. */
export class Door {
  readonly #reception: Reception;
  readonly #limits: () => ListenLimits;
  #listener: Listener | undefined;
  #binding = false;
  #open = false;
  #address: string | undefined;

  constructor(reception: Reception, limits: () => ListenLimits) {
    this.#reception = reception;
    this.#limits = limits;
  }

  /** The port it listens on; `undefined` when it does not. */
  get port(): number | undefined {
    return this.#open ? this.#listener?.port : undefined;
  }

  /** Where it can be dialled, if it was told a host. */
  get addresses(): string[] {
    return this.#address === undefined ? [] : [this.#address];
  }

  /**
   * @param ready - awaited before anybody is let in
   * @param checkOpen - throws when the peer is closed, which it may be by the time this listens
   */
  async listen(
    options: ListenOptions | number,
    ready: () => Promise<void>,
    checkOpen: () => void,
  ): Promise<void> {
    checkOpen();
    if (this.#taken)
      throw badArgument("this peer listens already; make another one for another port");
    const given = typeof options === "number" ? { port: options } : options;
    this.#binding = true;
    let listener: Listener;
    try {
      await ready();
      listener = await listen(given, this.#reception, this.#limits());
    } finally {
      this.#binding = false;
    }
    try {
      checkOpen();
    } catch (closed) {
      await listener.close();
      throw closed;
    }
    this.#listener = listener;
    this.#open = true;
    if (given.host !== undefined) {
      const host = given.host.includes(":") ? `[${given.host}]` : given.host;
      this.#address = `${listener.scheme}://${host}:${listener.port}${given.path ?? ""}`;
    }
  }

  /** Gets ready for {@link Door.handleUpgrade}, without a server of its own. */
  attach(options: Pick<ListenOptions, "path" | "origins">): void {
    if (this.#taken) throw badArgument("this peer listens already");
    this.#listener = attach(this.#reception, this.#limits(), options);
  }

  handleUpgrade(request: unknown, socket: unknown, head: Uint8Array): void {
    if (this.#listener === undefined)
      throw badArgument("call prepareWSServer() or listen() before handleUpgrade()");
    this.#listener.handleUpgrade(request, socket, head);
  }

  /** Lets nobody in any more. */
  async close(): Promise<void> {
    this.#open = false;
    await this.#listener?.close();
  }

  get #taken(): boolean {
    return this.#listener !== undefined || this.#binding;
  }
}
