import type { EndOptions } from "#streams";
import { type Abortable, offAbort, onAbort } from "../async/aborts.ts";
import type { Clock } from "../async/clock.ts";
import { type Deadlines, Expiring } from "../async/deadlines.ts";
import type { Opening, StreamEnd, StreamKind, StreamUser } from "../connection/stream.ts";
import { TroupeError } from "../errors.ts";
import { decodePayload, type Payload } from "../frame/payload.ts";
import type { Name } from "../frame/type.ts";
import { deadlineOf } from "./call-options.ts";
import { Context } from "./context.ts";
import type { Question } from "./request.ts";
import type { Unit } from "./unit.ts";

/** How this side's end of a stream is made. */
export interface StreamOptions extends EndOptions {
  /** Told once the other side has taken the stream, with what its handler answered. */
  readonly onAccept?: ((answer: Context) => void) | undefined;
}

/** Where streams of a peer are opened: what they all share. */
export class StreamDesk {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #timeout: number;

  /** @param timeout - milliseconds for a stream that names none, to be taken by the other side */
  constructor(clock: Clock, deadlines: Deadlines, timeout: number) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#timeout = timeout;
  }

  /**
   * Asks one unit for a stream; `user` hears all that becomes of it.
   *
   * @throws TroupeError `OVERLOADED`, `DISCONNECTED`, `BAD_PAYLOAD`, `BAD_ARGUMENT`
   */
  open(
    unit: Unit,
    kind: StreamKind,
    question: Question,
    user: StreamUser,
    onAccept: StreamOptions["onAccept"],
  ): void {
    const { name, metadata, payload, timeout = this.#timeout, signal, ejection } = question;
    if (signal?.aborted) {
      user.closed(cancelled(name, signal.reason));
      return;
    }
    const opening = new OutgoingStream(unit, name, timeout, this.#clock, ejection, user, onAccept);
    const deadline = deadlineOf(timeout);
    const connection = unit.leastBusy();
    opening.end = connection.stream(opening, user, kind, name, deadline, metadata, payload);
    opening.start(this.#deadlines, signal);
  }
}

/** One stream on its way: its time to be taken, and its caller's signal. */
class OutgoingStream extends Expiring implements Opening, Abortable {
  end: StreamEnd | undefined;
  readonly #unit: Unit;
  readonly #name: Name;
  readonly #timeout: number;
  readonly #clock: Clock;
  /** Until it is taken or comes to nothing: how it goes on says nothing of its unit. */
  #ejection: Question["ejection"];
  readonly #user: StreamUser;
  readonly #onAccept: StreamOptions["onAccept"];
  readonly #askedAt: number;
  #deadlines: Deadlines | undefined;
  #signal: AbortSignal | undefined;
  #over = false;

  constructor(
    unit: Unit,
    name: Name,
    timeout: number,
    clock: Clock,
    ejection: Question["ejection"],
    user: StreamUser,
    onAccept: StreamOptions["onAccept"],
  ) {
    super();
    this.#unit = unit;
    this.#name = name;
    this.#timeout = timeout;
    this.#clock = clock;
    this.#ejection = ejection;
    this.#user = user;
    this.#onAccept = onAccept;
    this.#askedAt = clock.now();
  }

  /** Its time begins. */
  start(deadlines: Deadlines, signal: AbortSignal | undefined): void {
    // Opening it may have found that the connection is gone.
    if (this.#over) return;
    if (Number.isFinite(this.#timeout)) {
      this.#deadlines = deadlines;
      deadlines.add(this, this.#timeout);
    }
    if (signal !== undefined) {
      this.#signal = signal;
      onAbort(signal, this);
    }
  }

  accepted(answer: Payload): void {
    this.#deadlines?.remove(this);
    this.#outcome(undefined);
    const told = this.#onAccept;
    if (told === undefined) return;
    const { role, event } = this.#name;
    const rtt = this.#clock.now() - this.#askedAt;
    const data = decodePayload(answer);
    const ctx = new Context(this.#unit, role, event, undefined, answer, data, rtt);
    // Not from within the record: what it throws is its author's, and no breach of the other side.
    queueMicrotask(() => told(ctx));
  }

  over(error: TroupeError | undefined): void {
    this.#over = true;
    this.#deadlines?.remove(this);
    if (this.#signal !== undefined) offAbort(this.#signal, this);
    if (error !== undefined) this.#outcome(error);
  }

  expire(): void {
    const { role, event } = this.#name;
    const error = new TroupeError(
      "TIMEOUT",
      `${role}/${event}: the stream was not taken by ${this.#unit.label} within ${this.#timeout} ms; raise { timeout } or look at that unit`,
    );
    this.#giveUp(error);
    this.#outcome(error);
  }

  aborted(reason: unknown): void {
    this.#giveUp(cancelled(this.#name, reason));
  }

  #outcome(error: TroupeError | undefined): void {
    const ejection = this.#ejection;
    this.#ejection = undefined;
    ejection?.outcome(this.#unit, this.#askedAt, error);
  }

  #giveUp(error: TroupeError): void {
    this.end?.abort(error);
    this.end?.stop(error);
    this.#user.closed(error);
  }
}

const cancelled = ({ role, event }: Name, cause: unknown): TroupeError =>
  new TroupeError("CANCELLED", `${role}/${event}: the stream was cancelled by its opener`, {
    cause,
  });
