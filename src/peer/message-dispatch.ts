import { messageOf, shown, TroupeError } from "../errors.ts";
import { decodePayload, type Payload } from "../frame/payload.ts";
import type { Metadata, Name } from "../frame/type.ts";
import type { Admission } from "./admission.ts";
import type { Pace } from "./admission-pace.ts";
import { WaitingCall } from "./admission-queue.ts";
import { Chain, isPromise } from "./chain.ts";
import { Context } from "./context.ts";
import { type Handler, type Handlers, middlewareOf } from "./handlers.ts";
import type { Logger } from "./options.ts";
import { Place } from "./place.ts";
import { refusalOf } from "./refusals.ts";
import type { Role } from "./role.ts";
import type { Unit } from "./unit.ts";

/** Milliseconds between two lines in the log about messages of one role that are dropped. */
const QUIET = 10_000;

/** Brings messages to the handlers of this peer. */
export class MessageDispatch {
  readonly #handlers: Handlers;
  readonly #logger: Logger;
  readonly #pace: Pace;
  /** When the log was last told that a role drops messages. */
  readonly #told = new WeakMap<Role, number>();

  /** @param handlers - those of the peer itself */
  constructor(handlers: Handlers, logger: Logger, pace: Pace) {
    this.#handlers = handlers;
    this.#logger = logger;
    this.#pace = pace;
  }

  /** Runs the handlers of a message now or when its turn comes, or drops it. */
  take(role: Role, unit: Unit, name: Name, metadata: Metadata | undefined, payload: Payload): void {
    if (!role.active || !role.allows(unit.id)) return;
    const middleware = middlewareOf(this.#handlers, role.handlers, "message");
    const handlers = role.handlers.event("message", name.event);
    if (middleware.length === 0 && handlers.length === 0) return;
    const { admission } = role;
    const { clock } = this.#pace;
    if (admission.rate !== undefined && admission.rate.take(unit.id, clock.now()) > 0) {
      this.#drop(role, "a unit sends more than its rate");
      return;
    }
    const now = admission.hasRoom ? undefined : clock.now();
    if (now !== undefined && admission.full(undefined, now) !== undefined) {
      this.#drop(role, admission.fill);
      return;
    }
    const data = decodePayload(payload);
    const ctx = new Context(unit, name.role, name.event, metadata, payload, data as never);
    if (now === undefined) this.#deliver(role, ctx, middleware, handlers);
    else this.#wait(role, ctx, now);
  }

  /** Apart from the rest, so that those that do not wait pay for no closures. */
  #wait(role: Role, ctx: Context<never>, now: number): void {
    const start = (): void => {
      if (refusalOf(role, ctx, ctx.unit) !== undefined) return;
      const middleware = middlewareOf(this.#handlers, role.handlers, "message");
      this.#deliver(role, ctx, middleware, role.handlers.event("message", ctx.event));
    };
    role.admission.wait(new WaitingCall(undefined, false, start, ignore), now, this.#pace);
  }

  /** Runs the handlers of a message: they are one until all of them are done. */
  #deliver(
    { admission }: Role,
    ctx: Context<never>,
    middleware: readonly Handler[],
    handlers: readonly Handler[],
  ): void {
    if (middleware.length > 0) {
      this.#messageChain(middleware, handlers, ctx, new Place(admission));
      return;
    }
    admission.running++;
    const first = handlers[0];
    const done =
      first !== undefined && handlers.length === 1
        ? this.#hear(first, ctx)
        : this.#hearAll(handlers, ctx);
    if (done === undefined) admission.leave();
    else leaveAfter(done, admission);
  }

  #hearAll(handlers: readonly Handler[], ctx: Context<never>): PromiseLike<unknown> | undefined {
    const done = handlers.map((handler) => this.#hear(handler, ctx));
    return done.every((one) => one === undefined) ? undefined : Promise.all(done);
  }

  /** Nothing that is returned answers a message or ends its chain; only a failing middleware does. */
  #messageChain(
    middleware: readonly Handler[],
    handlers: readonly Handler[],
    ctx: Context<never>,
    place: Place,
  ): void {
    const all: Handler = () => Promise.all(handlers.map((handler) => this.#hear(handler, ctx)));
    const chain = [...middleware.map(withoutAnswer), ...(handlers.length === 0 ? [] : [all])];
    new Chain(ctx, chain, middleware.length, (error) => {
      place.leave();
      this.#messageDone(ctx, error);
    }).run();
  }

  /** One of the handlers of a message: what it throws does not keep the others from it. */
  #hear(handler: Handler, ctx: Context<never>): PromiseLike<void> | undefined {
    try {
      const returned = handler(ctx as never, ignore);
      if (!isPromise(returned)) return undefined;
      return returned.then(ignore, (error: unknown) =>
        this.#messageDone(ctx, error ?? "no reason"),
      );
    } catch (error) {
      this.#messageDone(ctx, error ?? "no reason");
      return undefined;
    }
  }

  #messageDone({ role, event }: Name, error: unknown): void {
    if (error === undefined || error === null) return;
    if (error instanceof TroupeError && error.code === "NO_EVENT") return;
    this.#logger.error(
      `the handler of message ${shown(`${role}/${event}`)} failed: ${messageOf(error)}`,
      error,
    );
  }

  /** Nobody is there to be told of a message but the log, and that not too often. */
  #drop(role: Role, why: string): void {
    role.admission.dropped++;
    const now = this.#pace.clock.now();
    if (now - (this.#told.get(role) ?? Number.NEGATIVE_INFINITY) < QUIET) return;
    this.#told.set(role, now);
    this.#logger.warn(
      `role ${shown(role.name)} drops messages, ${role.admission.dropped} so far: ${why}; raise { concurrency, queue, rate } of the role, or send less`,
    );
  }
}

function ignore(): void {}

function leaveAfter(done: PromiseLike<unknown>, admission: Admission): void {
  void done.then(() => admission.leave());
}

const withoutAnswer =
  (handler: Handler): Handler =>
  (ctx) => {
    const returned = handler(ctx, ignore);
    return isPromise(returned) ? returned.then(ignore) : undefined;
  };
