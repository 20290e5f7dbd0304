import type { Awaiting } from "../connection/awaiting.ts";
import { type AdmissionOptions, checkAdmission } from "./admission-options.ts";
import { type Pace, type Paced, SLICE } from "./admission-pace.ts";
import { type WaitingCall, WaitingCalls } from "./admission-queue.ts";
import { Rate } from "./admission-rate.ts";

/** What a role has to do, and what it did not take on. */
export interface RoleLoad {
  /** Handlers that run. */
  readonly running: number;
  /** Calls that wait for their turn. */
  readonly queued: number;
  /** Requests and streams refused with `OVERLOADED` as they came, by `queue`, `rate` or their deadline. */
  readonly refused: number;
  /** Messages dropped so far, by `queue` or `rate`. */
  readonly dropped: number;
  /** Requests and streams that were given up, or whose time was over, before their turn came. */
  readonly expired: number;
}

const DEFAULT_CONCURRENCY = 1024;
const DEFAULT_QUEUE = 1024;
/** Milliseconds of work that may wait where `queue` says nothing: a burst is no overload. */
const BURST = 250;
/** Milliseconds over which at least turns are counted for an estimate of how fast they come. */
const WINDOW = 50;
/** What callers are told while nothing has been measured, and at most, in milliseconds. */
const UNKNOWN_WAIT = 100;
const LONGEST_WAIT = 60_000;
/** Calls that wait at most where `queue` says nothing, however fast they are. */
const MOST_QUEUED = 65_536;

/** What a role takes on, what waits for its turn, and what is refused at once. */
export class Admission implements Paced {
  /** Handlers that run. */
  running = 0;
  refused = 0;
  dropped = 0;
  expired = 0;
  /** What each caller may do; `undefined` for no bound. */
  rate: Rate | undefined;
  listed = false;
  readonly #calls = new WaitingCalls();
  readonly #turnOver = (): void => {
    this.#watched = false;
  };
  #concurrency: number;
  #queue: number | undefined;
  #pace: Pace | undefined;
  /** Since when handlers are known to have run within one turn of the event loop, if they have. */
  #watchedSince = 0;
  #watched = false;
  #startedSince = 0;
  /** Milliseconds from one turn to the next, while calls wait. */
  #interval: number | undefined;
  #windowStart = 0;
  #turns = 0;

  /** @throws TroupeError `BAD_ARGUMENT` for options out of range */
  constructor(role: string, options: AdmissionOptions, concurrency: number = DEFAULT_CONCURRENCY) {
    this.#concurrency = concurrency;
    this.configure(role, options);
  }

  /** @throws TroupeError `BAD_ARGUMENT` for options out of range; then nothing has changed */
  configure(role: string, options: AdmissionOptions): void {
    checkAdmission(role, options);
    const { concurrency, queue, rate } = options;
    if (concurrency !== undefined) this.#concurrency = concurrency;
    if (queue !== undefined) this.#queue = queue;
    if (rate !== undefined)
      this.rate = rate.perSecond === Number.POSITIVE_INFINITY ? undefined : new Rate(rate);
    this.#pace?.add(this);
  }

  get load(): RoleLoad {
    const { running, refused, dropped, expired } = this;
    return { running, queued: this.#calls.size, refused, dropped, expired };
  }

  get ready(): boolean {
    return this.#calls.size > 0 && this.running < this.#concurrency;
  }

  /** How many run and wait, for people. */
  get fill(): string {
    return `${this.running} of its handlers run and ${this.#calls.size} calls wait`;
  }

  /**
   * Whether a request may start now, at `now`: there is room, nobody waits, and handlers have not run for
   * so long that others must be heard first.
   */
  admits(now: number, pace: Pace): boolean {
    if (this.#calls.size > 0 || this.running >= this.#concurrency) return false;
    if (now - this.#watchedSince < SLICE) {
      this.#startedSince++;
      return true;
    }
    return this.#inTime(now, pace);
  }

  /**
   * Whether a message or a stream may start now. They do not wait for the event loop: the brake of
   * messages is that nothing more is read while they are handled, and most of a stream comes later.
   */
  get hasRoom(): boolean {
    return this.running < this.#concurrency && this.#calls.unpaced === 0;
  }

  /**
   * Whether a caller has made more requests and streams than its rate allows.
   *
   * @returns whole milliseconds after which it may make the next one, 0 when it may now
   */
  early(caller: string, now: number): number {
    if (this.rate === undefined) return 0;
    const early = this.rate.take(caller, now);
    if (early > 0) this.refused++;
    return early;
  }

  /**
   * Whether a call that may not start now may not wait either.
   *
   * @param caller - who waits for its answer; of a message nobody does
   * @returns milliseconds after which it is worth asking again, or `undefined` when it may wait
   */
  full(caller: Awaiting | undefined, now: number): number | undefined {
    const wait = this.#wait(now);
    const left = caller?.timeLeft;
    // The time on its way to us is not counted in it, nor that of the answer. The first one may always
    // wait: without turns nothing would be learned of how long they take now.
    const inTime = left === undefined || wait <= left / 2 || this.#calls.size === 0;
    if (inTime && this.#calls.size < this.#room) return undefined;
    if (caller !== undefined) this.refused++;
    return toldOf(wait);
  }

  /** Lets a call wait for its turn. It leaves by itself when its caller gives up. */
  wait(call: WaitingCall, now: number, pace: Pace): void {
    this.#pace = pace;
    if (this.#calls.size === 0) this.#begin(now);
    this.#calls.append(call);
    if (call.caller !== undefined)
      call.caller.watcher = {
        givenUp: () => {
          this.expired++;
          this.#calls.remove(call);
        },
      };
    pace.add(this);
  }

  next(now: number): void {
    for (let call = this.#calls.first; call !== undefined; call = this.#calls.first) {
      this.#calls.remove(call);
      const { caller } = call;
      if (caller !== undefined) caller.watcher = undefined;
      const left = caller?.timeLeft;
      // By the clock, whatever timers and cancels are behind: nobody waits for what is done too late.
      if (left === undefined || left > Math.min(this.#interval ?? 0, SLICE)) {
        this.#turned(now);
        call.start();
        return;
      }
      this.expired++;
      call.refuse(toldOf(this.#wait(now)));
    }
  }

  /** This peer leaves: who waits for an answer is told now that there will be none. */
  dismiss(): void {
    let call = this.#calls.first;
    while (call !== undefined) {
      const next: WaitingCall | undefined = call.after;
      if (call.caller !== undefined) {
        this.#calls.remove(call);
        call.caller.watcher = undefined;
        call.refuse(undefined);
      }
      call = next;
    }
  }

  /** A handler is done. */
  leave(): void {
    this.running--;
    if (this.#calls.size > 0) this.#pace?.add(this);
  }

  get #room(): number {
    if (this.#queue !== undefined) return this.#queue;
    if (this.#interval === undefined || this.#interval === 0) return DEFAULT_QUEUE;
    return Math.max(DEFAULT_QUEUE, Math.min(BURST / this.#interval, MOST_QUEUED));
  }

  /**
   * Whether handlers have run for less than a slice in this turn of the event loop. Where one begins
   * is looked for once in a slice at most, so it costs nothing to those who are not busy.
   */
  #inTime(now: number, pace: Pace): boolean {
    // Who may not let them wait starts them; without a bound there is no waiting.
    if (this.#queue === 0 || this.#concurrency === Number.POSITIVE_INFINITY) return true;
    if (this.#watched) {
      this.#learn((now - this.#watchedSince) / this.#startedSince);
      return false;
    }
    this.#watched = true;
    this.#watchedSince = now;
    this.#startedSince = 1;
    pace.clock.soon(this.#turnOver);
    return true;
  }

  /** Milliseconds that a call which comes now would wait. */
  #wait(now: number): number {
    if (this.#calls.size === 0) return this.#interval ?? 0;
    const elapsed = now - this.#windowStart;
    const interval = this.#interval ?? (this.#turns > 0 ? elapsed / this.#turns : 0);
    // While nobody gets a turn, it takes that much longer at least.
    return this.#calls.size * interval + (this.#turns === 0 ? elapsed : 0);
  }

  /** The first one begins to wait. */
  #begin(now: number): void {
    this.#windowStart = now;
    this.#turns = 0;
  }

  #turned(now: number): void {
    this.#turns++;
    const elapsed = now - this.#windowStart;
    if (elapsed < WINDOW && this.#calls.size > 0) return;
    this.#learn(elapsed / this.#turns);
    this.#begin(now);
  }

  #learn(interval: number): void {
    this.#interval = this.#interval === undefined ? interval : (this.#interval + interval) / 2;
  }
}

/** Whole milliseconds, as callers are told. */
const toldOf = (wait: number): number =>
  wait === 0 ? UNKNOWN_WAIT : Math.min(Math.ceil(wait), LONGEST_WAIT);
