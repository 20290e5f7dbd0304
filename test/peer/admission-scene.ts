import type { Clock, Timer } from "../../src/async/clock.ts";
import type { Awaiting, Watcher } from "../../src/connection/awaiting.ts";
import { Admission } from "../../src/peer/admission.ts";
import type { AdmissionOptions } from "../../src/peer/admission-options.ts";
import { Pace } from "../../src/peer/admission-pace.ts";
import { WaitingCall } from "../../src/peer/admission-queue.ts";

/** The clock of a process that can be busy: time passes while something runs, and turns come after it. */
export class BusyClock implements Clock {
  #now = 1000;
  #soon: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  after(): Timer {
    throw new Error("nothing of this has a timer");
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Something takes so long, and nothing else happens meanwhile. */
  pass(ms: number): void {
    this.#now += ms;
  }

  /** The end of a turn of the event loop. */
  turn(): void {
    const due = this.#soon;
    this.#soon = [];
    for (const run of due) run();
  }

  /** Turns until nothing is left to do. */
  rest(): void {
    while (this.#soon.length > 0) this.turn();
  }
}

/** Somebody who waits for an answer. */
export class Caller implements Awaiting {
  readonly arrived: number;
  watcher: Watcher | undefined;
  readonly #clock: Clock;
  readonly #deadline: number;

  /** @param deadline - milliseconds it waits, 0 for ever */
  constructor(clock: Clock, deadline: number) {
    this.#clock = clock;
    this.#deadline = deadline;
    this.arrived = clock.now();
  }

  get timeLeft(): number | undefined {
    if (this.#deadline === 0) return undefined;
    return this.arrived + this.#deadline - this.#clock.now();
  }
}

/** A role `svc` that is called, as dispatch does it, and what became of the calls. */
export class AdmissionScene {
  readonly clock: BusyClock = new BusyClock();
  readonly pace: Pace = new Pace(this.clock);
  readonly admission: Admission;
  /** Names of calls as they start; of those that are refused with the milliseconds they are told. */
  readonly log: string[] = [];
  /** Milliseconds that a handler keeps the process busy; `undefined` when it runs until {@link done}. */
  burn: number | undefined;

  constructor(options: AdmissionOptions = {}) {
    this.admission = new Admission("svc", options);
  }

  /** A request of somebody who waits for `deadline` milliseconds, 0 for ever. */
  ask(name: string, deadline = 0): Caller {
    const caller = new Caller(this.clock, deadline);
    const { arrived } = caller;
    const refuse = (after: number | undefined): void => void this.log.push(`${name}: ${after} ms`);
    if (this.admission.admits(arrived, this.pace)) {
      this.#start(name);
      return caller;
    }
    const retryAfter = this.admission.full(caller, arrived);
    if (retryAfter !== undefined) {
      refuse(retryAfter);
      return caller;
    }
    const call = new WaitingCall(caller, true, () => this.#start(name), refuse);
    this.admission.wait(call, arrived, this.pace);
    return caller;
  }

  /** A message: whether it starts now, waits, or is dropped. */
  tell(name: string): void {
    if (this.admission.hasRoom) {
      this.#start(name);
      return;
    }
    const now = this.clock.now();
    if (this.admission.full(undefined, now) !== undefined) {
      this.log.push(`${name} dropped`);
      return;
    }
    const call = new WaitingCall(
      undefined,
      false,
      () => this.#start(name),
      () => {},
    );
    this.admission.wait(call, now, this.pace);
  }

  /** One of the handlers that run is done. */
  done(): void {
    this.admission.leave();
  }

  #start(name: string): void {
    this.log.push(name);
    this.admission.running++;
    if (this.burn === undefined) return;
    this.clock.pass(this.burn);
    this.admission.leave();
  }
}
