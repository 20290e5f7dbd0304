import { type Clock, systemClock } from "../async/clock.ts";
import type { IncomingRequest } from "../connection/connection.ts";
import type { IncomingStream } from "../connection/stream.ts";
import { decodePayload, type Payload } from "../frame/payload.ts";
import type { Metadata, Name } from "../frame/type.ts";
import { Pace } from "./admission-pace.ts";
import { WaitingCall } from "./admission-queue.ts";
import { answerLater, answerWith, callbackOf, fail, serveByCallback } from "./answer.ts";
import { Chain, isPromise } from "./chain.ts";
import { Context } from "./context.ts";
import { refuseUnstarted } from "./dispatch-error.ts";
import { type Handler, type Handlers, middlewareOf } from "./handlers.ts";
import { Idempotency } from "./idempotency.ts";
import { IDEMPOTENCY_KEY } from "./idempotency-key.ts";
import type { IdempotencyOptions } from "./idempotency-store.ts";
import { MessageDispatch } from "./message-dispatch.ts";
import type { Logger } from "./options.ts";
import { Place } from "./place.ts";
import {
  busy,
  refusalOf,
  refuseLater,
  refuseRequest,
  refuseWaiting,
  refuseWaitingStream,
  tooOften,
} from "./refusals.ts";
import type { Role } from "./role.ts";
import type { Roles } from "./roles.ts";
import { refuseStream, SEEN_FROM_HERE, serveStream } from "./stream-dispatch.ts";
import type { Unit } from "./unit.ts";

/** Brings what units send to the handlers of this peer, and what those answer back. */
export class Dispatch {
  readonly #roles: Roles;
  readonly #handlers: Handlers;
  readonly #pace: Pace;
  readonly #messages: MessageDispatch;
  readonly #idempotency: Idempotency;

  /** @param handlers - those of the peer itself */
  constructor(
    roles: Roles,
    handlers: Handlers,
    logger: Logger,
    clock: Clock = systemClock,
    idempotency: IdempotencyOptions = {},
  ) {
    this.#roles = roles;
    this.#handlers = handlers;
    this.#pace = new Pace(clock);
    this.#idempotency = new Idempotency(idempotency, logger, clock);
    this.#messages = new MessageDispatch(handlers, logger, this.#pace);
  }

  /** A one-way call: whatever is wrong with it, nobody is there to be told. */
  message(unit: Unit, name: Name, metadata: Metadata | undefined, payload: Payload): void {
    const role = this.#roles.find(name.role);
    if (role !== undefined) this.#messages.take(role, unit, name, metadata, payload);
  }

  /** A request: answered exactly once, whatever happens. */
  request(unit: Unit, request: IncomingRequest): void {
    const { name, metadata, payload } = request;
    const role = this.#roles.find(name.role);
    const refusal = refusalOf(role, name, unit);
    if (refusal !== undefined || role === undefined) {
      if (refusal !== undefined) refuseUnstarted(request, refusal);
      return;
    }
    const { arrived } = request;
    const { admission } = role;
    const early = admission.early(unit.id, arrived);
    if (early > 0) {
      refuseRequest(request, tooOften(role), early);
      return;
    }
    const now = admission.admits(arrived, this.#pace);
    const retryAfter = now ? undefined : admission.full(request, arrived);
    if (retryAfter !== undefined) {
      refuseRequest(request, busy(role), retryAfter);
      return;
    }
    // Not before: who may not call shall not make us read what it sends.
    const data = decodePayload(payload);
    const ctx = new Context(
      unit,
      name.role,
      name.event,
      metadata,
      payload,
      data as never,
      undefined,
      request,
    );
    if (now) this.#serve(role, ctx, request);
    else this.#wait(role, ctx, request);
  }

  /** Apart from the rest, so that those that do not wait pay for no closures. */
  #wait(role: Role, ctx: Context<never>, request: IncomingRequest): void {
    const { admission } = role;
    const start = (): void => {
      const changed = refusalOf(role, request.name, ctx.unit);
      if (changed === undefined) this.#serve(role, ctx, request);
      else refuseUnstarted(request, changed);
    };
    const late = (after?: number): void => refuseWaiting(request, role, after);
    admission.wait(new WaitingCall(request, true, start, late), request.arrived, this.#pace);
  }

  /** A stream that a unit wants to open: taken or refused, in time or when its opener gives up. */
  stream(unit: Unit, stream: IncomingStream): void {
    const { name } = stream;
    const role = this.#roles.find(name.role);
    const refusal = refusalOf(role, name, unit);
    if (refusal !== undefined || role === undefined) {
      refuseStream(stream, refusal);
      return;
    }
    const { admission } = role;
    const { arrived } = stream;
    const early = admission.early(unit.id, arrived);
    if (early > 0) {
      refuseLater(stream, tooOften(role), early);
      return;
    }
    const now = admission.hasRoom;
    const retryAfter = now ? undefined : admission.full(stream, arrived);
    if (retryAfter !== undefined) {
      refuseLater(stream, busy(role), retryAfter);
      return;
    }
    if (now) {
      this.#serveStream(role, unit, stream);
      return;
    }
    // What cannot be read ends the connection now, not a timer later.
    decodePayload(stream.payload);
    const start = (): void => {
      const changed = refusalOf(role, name, unit);
      if (changed === undefined) this.#serveStream(role, unit, stream);
      else refuseStream(stream, changed);
    };
    const late = (after?: number): void => refuseWaitingStream(stream, role, after);
    const call = new WaitingCall(stream, false, start, late);
    admission.wait(call, arrived, this.#pace);
  }

  #serveStream(role: Role, unit: Unit, stream: IncomingStream): void {
    const kind = SEEN_FROM_HERE[stream.kind];
    const middleware = middlewareOf(this.#handlers, role.handlers, kind);
    const handlers = [...middleware, ...role.handlers.event(kind, stream.name.event)];
    const place = new Place(role.admission);
    place.watch(stream, handlers);
    const done = (): void => place.leave();
    stream.taken = done;
    serveStream(unit, stream, handlers, middleware.length, done);
  }

  /** Runs the handlers of a request. */
  #serve(role: Role, ctx: Context<never>, request: IncomingRequest): void {
    const { admission } = role;
    const { metadata } = request;
    if (metadata !== undefined && IDEMPOTENCY_KEY in metadata) {
      this.#serveOnce(role, ctx, request);
      return;
    }
    const { event } = request.name;
    const alone = this.#alone(role, event);
    if (alone === undefined) {
      const middleware = middlewareOf(this.#handlers, role.handlers, "request");
      const handlers = [...middleware, ...role.handlers.event("request", event)];
      const place = new Place(admission);
      place.watch(request, handlers);
      const settle = callbackOf(request, place);
      new Chain(ctx, handlers, middleware.length, settle).run();
      return;
    }
    if (alone.length >= 2) {
      const place = new Place(admission);
      place.watch(request, [alone]);
      serveByCallback(alone, ctx, request, place);
      return;
    }
    // One handler and no middleware, the common case: no chain, and no promise if it has the answer.
    admission.running++;
    let returned: unknown;
    try {
      returned = alone(ctx as never, ignore);
      if (isPromise(returned)) {
        answerLater(request, returned, admission);
        return;
      }
    } catch (error) {
      admission.leave();
      fail(request, error);
      return;
    }
    admission.leave();
    answerWith(request, returned);
  }

  /** The same for a request with a key, unless it is a repeat. */
  #serveOnce(role: Role, ctx: Context<never>, request: IncomingRequest): void {
    const { unit, data } = ctx;
    this.#idempotency.serve(unit.id, request, {
      hold: () => {
        const place = new Place(role.admission);
        return () => place.leave();
      },
      run: (first) => {
        const { name, metadata, payload } = first;
        const { role: to, event } = name;
        const seen = new Context(unit, to, event, metadata, payload, data, undefined, first);
        this.#serve(role, seen, first);
      },
    });
  }

  /** The one handler there is for a request, if there is no middleware. */
  #alone(role: Role, event: string): Handler | undefined {
    if (middlewareOf(this.#handlers, role.handlers, "request").length > 0) return undefined;
    const handlers = role.handlers.event("request", event);
    return handlers.length === 1 ? handlers[0] : undefined;
  }
}

function ignore(): void {}
