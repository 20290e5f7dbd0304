import { Backoff } from "../async/backoff.ts";
import type { Clock } from "../async/clock.ts";
import { defer } from "../async/deferred.ts";
import { isNothingThere } from "../channel/dial-failure.ts";
import type { Connection } from "../connection/connection.ts";
import { type ErrorCode, TroupeError, toTroupeError } from "../errors.ts";
import type { Way } from "./way.ts";

/** Milliseconds after which the next way is tried as well, while the last one has not failed yet (RFC 8305). */
const STAGGER = 250;

/** The bound of the first pause between attempts, in milliseconds. */
const FIRST = 20;

/** The longest bound of a pause between attempts, in milliseconds: the grace is a matter of seconds. */
const LONGEST = 1000;

/** Milliseconds within which an answer is worth waiting for when the other side has dialled, too. */
const ANSWER_TIME = 1000;

/** Answers that say: this connection will not go on. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  "DISCONNECTED",
  "KEY_CHANGED",
  "NO_COMMON_KEY",
  "NOT_ALLOWED",
  "SELF_CONNECTION",
  "WRONG_KEY",
  "WRONG_PEER",
]);

/** What redialling works with. */
export interface RedialWork {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** One attempt: resolves when the other side lets the connection go on. */
  redial(
    way: Way,
    connection: Connection,
    signal: AbortSignal,
    committed: () => void,
  ): Promise<void>;
}

/** Finds a suspended connection another channel: dials by each way there is until one leads to the other side. */
export class Redial {
  readonly #connection: Connection;
  readonly #ways: () => readonly Way[];
  readonly #work: RedialWork;
  readonly #backoff: Backoff;
  #received = -1;
  #search: AbortController | undefined;
  #again = false;
  /** When the other side was asked by an attempt that has no answer yet. */
  #committedAt = Number.NEGATIVE_INFINITY;

  /** @param ways - those that lead to the unit now */
  constructor(connection: Connection, ways: () => readonly Way[], work: RedialWork) {
    this.#connection = connection;
    this.#ways = ways;
    this.#work = work;
    this.#backoff = new Backoff(work.random, { first: FIRST, most: LONGEST });
  }

  /** Whether the other side was asked just now to go on by a channel that this side dials. */
  get committed(): boolean {
    return this.#work.clock.now() - this.#committedAt < ANSWER_TIME;
  }

  /** The connection has lost its channel: dials until it has another one, or there is no sense in it. */
  start(): void {
    if (this.#search !== undefined) {
      this.#again = true;
      return;
    }
    // A channel that carried something was worth it: only others are not to be dialled without a pause.
    const received = this.#connection.resumption?.records ?? 0;
    if (received > this.#received) this.#backoff.reset();
    this.#received = received;
    const search = new AbortController();
    this.#search = search;
    void this.#run(search).finally(() => this.#finished(search));
  }

  /** Dials no more. */
  stop(): void {
    this.#again = false;
    this.#search?.abort(cancelled());
    this.#search = undefined;
  }

  #finished(search: AbortController): void {
    if (this.#search !== search) return;
    this.#search = undefined;
    const again = this.#again;
    this.#again = false;
    if (again && this.#connection.suspended) this.start();
  }

  async #run(search: AbortController): Promise<void> {
    while (!search.signal.aborted) {
      await this.#pause(this.#backoff.next(), search.signal);
      const ways = this.#ways().filter((way) => !isGivenUp(way));
      // Where this side knows no way, the other one may.
      if (ways.length === 0 || search.signal.aborted) return;
      const failures = await this.#tryAll(ways, search);
      if (failures !== undefined && !search.signal.aborted && failures.every(isFinal)) {
        this.#connection.abort(gone(failures[0]));
        return;
      }
    }
  }

  /**
   * Tries each way in turn, the next one as soon as the last has failed or takes long; the first that
   * leads to the other side ends the search.
   *
   * @returns why none does; `undefined` when one does
   */
  #tryAll(ways: readonly Way[], search: AbortController): Promise<TroupeError[] | undefined> {
    const outcome = defer<TroupeError[] | undefined>();
    const failures: TroupeError[] = [];
    let next = 0;
    const tryNext = (): void => {
      const way = ways[next++];
      if (way === undefined || search.signal.aborted) return;
      const timer = this.#work.clock.after(STAGGER, tryNext);
      search.signal.addEventListener("abort", () => timer.cancel());
      this.#try(way, search.signal)
        .then(
          () => {
            search.abort(cancelled());
            outcome.resolve(undefined);
          },
          (thrown: unknown) => {
            failures.push(toTroupeError(thrown, "CONNECT_FAILED", "cannot connect"));
            if (failures.length === ways.length) outcome.resolve(failures);
            else tryNext();
          },
        )
        .finally(() => timer.cancel());
    };
    tryNext();
    return outcome.promise;
  }

  async #try(way: Way, signal: AbortSignal): Promise<void> {
    let mine = Number.NaN;
    const commit = (): void => {
      mine = this.#work.clock.now();
      this.#committedAt = mine;
    };
    try {
      await this.#work.redial(way, this.#connection, signal, commit);
    } finally {
      if (this.#committedAt === mine) this.#committedAt = Number.NEGATIVE_INFINITY;
    }
  }

  async #pause(time: number, signal: AbortSignal): Promise<void> {
    if (time === 0) return;
    const over = defer<void>();
    const stop = (): void => over.resolve();
    const timer = this.#work.clock.after(time, stop);
    signal.addEventListener("abort", stop);
    await over.promise;
    timer.cancel();
    signal.removeEventListener("abort", stop);
  }
}

/** Whether its user wants it dialled no more. That the peer is leaving matters to new connections only. */
const isGivenUp = ({ signal }: Way): boolean =>
  signal.aborted && toTroupeError(signal.reason, "CANCELLED", "given up").code === "CANCELLED";

const isFinal = (error: TroupeError): boolean => FINAL.has(error.code) || isNothingThere(error);

const cancelled = (): TroupeError =>
  new TroupeError("CANCELLED", "the connection waits for no channel any more");

const gone = (cause: TroupeError | undefined): TroupeError =>
  new TroupeError(
    "DISCONNECTED",
    `the connection was lost, and the other side is gone: ${cause?.message ?? ""}`,
    { cause },
  );
