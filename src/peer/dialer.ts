import { Backoff } from "../async/backoff.ts";
import type { Clock, Timer } from "../async/clock.ts";
import { type Deferred, defer } from "../async/deferred.ts";
import type { Connection } from "../connection/connection.ts";
import { TroupeError, toTroupeError } from "../errors.ts";
import type { Address } from "./address.ts";
import type { Unit } from "./unit.ts";

/** What a successful attempt gives. */
export interface Connected {
  /** The peer at the other end. */
  readonly unit: Unit;
  /** The connection that was opened. */
  readonly connection: Connection;
}

/** What a dialer does its work with. */
export interface DialerWork {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** One attempt; `lost` is called when the connection it gave is gone. */
  attempt(
    address: Address,
    signal: AbortSignal,
    lost: (reason: TroupeError) => void,
  ): Promise<Connected>;
  /** The connection is there after `count` failures. */
  restored(address: string, count: number, connected: Connected): void;
  /** The `count`-th failure in a row, a lost connection being the first; the next attempt comes in `wait` milliseconds. */
  failed(address: string, count: number, wait: number, error: TroupeError): void;
  /** An attempt was refused, or failed in another way. */
  refused(address: string, error: TroupeError): void;
}

/** Milliseconds a connection must last for the next loss to be taken as the first. */
const STEADY = 1000;

/** Trying again cannot help: the other end is this very peer. */
const HOPELESS: ReadonlySet<string> = new Set(["SELF_CONNECTION", "BAD_ARGUMENT"]);

type State =
  | { readonly name: "dialing" }
  | { readonly name: "waiting"; readonly timer: Timer }
  | { readonly name: "connected"; readonly connected: Connected }
  | { readonly name: "stopped" };

/** Keeps one address connected: dials it, and dials it again whenever its connection is lost. */
export class Dialer {
  readonly #address: Address;
  readonly #work: DialerWork;
  readonly #backoff: Backoff;
  readonly #abort = new AbortController();
  readonly #stopped = defer<void>();
  /** Settled by the first attempt; after a failure, by the next success. */
  #next: Deferred<Connected> = defer();
  #state: State = { name: "dialing" };
  #failures = 0;
  #since = 0;
  #permanent: boolean;

  constructor(address: Address, permanent: boolean, work: DialerWork) {
    this.#address = address;
    this.#permanent = permanent;
    this.#work = work;
    this.#backoff = new Backoff(work.random);
    this.#dial();
  }

  /** Whether it will never dial again. */
  get over(): boolean {
    return this.#state.name === "stopped";
  }

  /** Resolves when it will not dial again. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** The connection there is, or the outcome of the attempt that runs or comes next. */
  connected(): Promise<Connected> {
    return this.#state.name === "connected"
      ? Promise.resolve(this.#state.connected)
      : this.#next.promise;
  }

  /** The same for one who waits no longer than until `signal` aborts. */
  async connectedUnless(signal: AbortSignal): Promise<Connected> {
    const given = defer<Connected>();
    const stop = (): void => given.reject(this.#cancelled(signal));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    this.connected().then(given.resolve, given.reject);
    try {
      return await given.promise;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Goes on trying from now on. */
  makePermanent(): void {
    this.#permanent = true;
  }

  /** Stops as soon as `signal` aborts. */
  stopBy(signal: AbortSignal): void {
    const stop = (): void => this.stop(this.#cancelled(signal));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { signal: this.#abort.signal });
  }

  /** Dials no more. A connection that is open stays. */
  stop(reason: TroupeError): void {
    const state = this.#state;
    if (state.name === "stopped") return;
    this.#state = { name: "stopped" };
    if (state.name === "waiting") state.timer.cancel();
    this.#abort.abort(reason);
    this.#reject(reason);
    this.#stopped.resolve();
  }

  #dial(): void {
    this.#state = { name: "dialing" };
    this.#work
      .attempt(this.#address, this.#abort.signal, (reason) => this.#lost(reason))
      .then(
        (connected) => this.#succeeded(connected),
        (thrown: unknown) =>
          this.#missed(toTroupeError(thrown, "CONNECT_FAILED", "cannot connect")),
      );
  }

  #succeeded(connected: Connected): void {
    if (this.#state.name === "stopped") return;
    if (!connected.connection.open) {
      this.#missed(
        new TroupeError("DISCONNECTED", "the connection was lost as soon as it was there"),
      );
      return;
    }
    const failures = this.#failures;
    this.#failures = 0;
    this.#since = this.#work.clock.now();
    this.#state = { name: "connected", connected };
    this.#next.resolve(connected);
    if (failures > 0) this.#work.restored(this.#address.key, failures, connected);
  }

  #missed(error: TroupeError): void {
    if (this.#state.name === "stopped") return;
    this.#failures++;
    this.#work.refused(this.#address.key, error);
    if (this.#permanent && !HOPELESS.has(error.code)) this.#wait(error);
    else this.stop(error);
  }

  #lost(reason: TroupeError): void {
    if (this.#state.name !== "connected") return;
    // A listener that takes connections only to cut them shall not be dialled without a pause.
    if (this.#work.clock.now() - this.#since >= STEADY) this.#backoff.reset();
    this.#failures++;
    if (this.#permanent) this.#wait(reason);
    else this.stop(reason);
  }

  #wait(reason: TroupeError): void {
    const wait = this.#backoff.next();
    const timer = this.#work.clock.after(wait, () => this.#dial());
    this.#state = { name: "waiting", timer };
    this.#reject(reason);
    this.#next = defer();
    this.#work.failed(this.#address.key, this.#failures, wait, reason);
  }

  #cancelled(signal: AbortSignal): TroupeError {
    const what = `connecting to ${this.#address.key} was cancelled`;
    return new TroupeError("CANCELLED", what, { cause: signal.reason });
  }

  /** Whoever waits is told; that nobody waits is no unhandled rejection. */
  #reject(reason: TroupeError): void {
    this.#next.promise.catch(() => {});
    this.#next.reject(reason);
  }
}
