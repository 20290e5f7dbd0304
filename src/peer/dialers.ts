import type { TroupeError } from "../errors.ts";
import { type Address, parseAddress } from "./address.ts";
import { type Connected, Dialer, type DialerWork } from "./dialer.ts";
import type { ConnectOptions } from "./options.ts";

/** Options of the platform's WebSocket client. */
type Client = Readonly<Record<string, unknown>>;

/** All addresses a peer dials: one dialer each, joined by whoever connects to the same. */
export class Dialers {
  readonly #dialers = new Map<string, Dialer>();
  readonly #work: (client: Client) => DialerWork;

  /** @param work - what a dialer that connects with these client options works with */
  constructor(work: (client: Client) => DialerWork) {
    this.#work = work;
  }

  /**
   * @throws TroupeError (rejects) `BAD_ARGUMENT` when it is no address, `CANCELLED`, or whatever kept
   *   the attempt from connecting
   */
  async connect(text: string, options: ConnectOptions): Promise<Connected> {
    const address = parseAddress(text);
    const { permanent = true, signal, ...client } = options;
    const key = `${address.key}#${address.pin ?? ""}`;
    const known = this.#dialers.get(key);
    const dialer =
      known === undefined || known.over ? this.#make(key, address, permanent, client) : known;
    if (permanent) dialer.makePermanent();
    if (signal === undefined) return dialer.connected();
    // Whoever joins others may leave them, and not take the address away from them.
    if (dialer === known) return dialer.connectedUnless(signal);
    dialer.stopBy(signal);
    return dialer.connected();
  }

  /** Dials nothing any more. */
  stop(reason: TroupeError): void {
    for (const dialer of this.#dialers.values()) dialer.stop(reason);
  }

  #make(key: string, address: Address, permanent: boolean, client: Client): Dialer {
    const dialer = new Dialer(address, permanent, this.#work(client));
    this.#dialers.set(key, dialer);
    void dialer.stopped.then(() => {
      // Another one may be there by now.
      if (this.#dialers.get(key) === dialer) this.#dialers.delete(key);
    });
    return dialer;
  }
}
