import type { IncomingRequest } from "../connection/connection.ts";
import type { IncomingStream } from "../connection/stream.ts";
import { messageOf, shown, TroupeError } from "../errors.ts";
import { decodePayload, encodePayload, type Payload } from "../frame/payload.ts";
import type { Metadata, Name } from "../frame/type.ts";
import { Chain, isPromise } from "./chain.ts";
import { Context } from "./context.ts";
import { tellFailure, unsendable } from "./dispatch-error.ts";
import type { Handler, Handlers, Kind } from "./handlers.ts";
import type { Logger } from "./options.ts";
import type { Role } from "./role.ts";
import type { Roles } from "./roles.ts";
import { refuseStream, SEEN_FROM_HERE, serveStream } from "./stream-dispatch.ts";
import type { Unit } from "./unit.ts";

/** Brings what units send to the handlers of this peer, and what those answer back. */
export class Dispatch {
  readonly #roles: Roles;
  readonly #handlers: Handlers;
  readonly #logger: Logger;

  /** @param handlers - those of the peer itself */
  constructor(roles: Roles, handlers: Handlers, logger: Logger) {
    this.#roles = roles;
    this.#handlers = handlers;
    this.#logger = logger;
  }

  /** A one-way call: whatever is wrong with it, nobody is there to be told. */
  message(unit: Unit, name: Name, metadata: Metadata | undefined, payload: Payload): void {
    const role = this.#roles.find(name.role);
    if (role === undefined || !role.active || !role.allows(unit.id)) return;
    const middleware = this.#middleware(role, "message");
    const handlers = role.handlers.event("message", name.event);
    if (middleware.length === 0 && handlers.length === 0) return;
    const data = decodePayload(payload);
    const ctx = new Context(unit, name.role, name.event, metadata, payload, data as never);
    if (middleware.length === 0) for (const handler of handlers) void this.#hear(handler, ctx);
    else this.#messageChain(middleware, handlers, ctx);
  }

  /** A request: answered exactly once, whatever happens. */
  request(unit: Unit, request: IncomingRequest): void {
    const { name, metadata, payload } = request;
    const role = this.#roles.find(name.role);
    const refusal = refuse(role, name, unit);
    if (refusal !== undefined || role === undefined) {
      fail(request, refusal);
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
    const alone = this.#alone(role, name.event);
    if (alone === undefined) {
      const middleware = this.#middleware(role, "request");
      const handlers = [...middleware, ...role.handlers.event("request", name.event)];
      new Chain(ctx, handlers, middleware.length, callbackOf(request)).run();
      return;
    }
    // One handler and no middleware, the common case: no chain, and no promise if it has the answer.
    try {
      const returned = alone(ctx as never, alone.length < 2 ? ignore : callbackOf(request));
      if (isPromise(returned)) {
        returned.then(
          (answer) => returnedFrom(alone, request, answer),
          (error: unknown) => fail(request, error),
        );
      } else {
        returnedFrom(alone, request, returned);
      }
    } catch (error) {
      fail(request, error);
    }
  }

  /** A stream that a unit wants to open: taken or refused, in time or when its opener gives up. */
  stream(unit: Unit, stream: IncomingStream): void {
    const { name } = stream;
    const role = this.#roles.find(name.role);
    const refusal = refuse(role, name, unit);
    if (refusal !== undefined || role === undefined) {
      refuseStream(stream, refusal);
      return;
    }
    const kind = SEEN_FROM_HERE[stream.kind];
    const middleware = this.#middleware(role, kind);
    const handlers = [...middleware, ...role.handlers.event(kind, name.event)];
    serveStream(unit, stream, handlers, middleware.length);
  }

  /** The one handler there is for a request, if there is no middleware. */
  #alone(role: Role, event: string): Handler | undefined {
    if (this.#middleware(role, "request").length > 0) return undefined;
    const handlers = role.handlers.event("request", event);
    return handlers.length === 1 ? handlers[0] : undefined;
  }

  #middleware(role: Role, kind: Kind): readonly Handler[] {
    const outer = this.#handlers.middleware[kind];
    const inner = role.handlers.middleware[kind];
    if (outer.length === 0) return inner;
    return inner.length === 0 ? outer : [...outer, ...inner];
  }

  /** Nothing that is returned answers a message or ends its chain; only a failing middleware does. */
  #messageChain(
    middleware: readonly Handler[],
    handlers: readonly Handler[],
    ctx: Context<never>,
  ): void {
    const all: Handler = () => Promise.all(handlers.map((handler) => this.#hear(handler, ctx)));
    const chain = [...middleware.map(withoutAnswer), ...(handlers.length === 0 ? [] : [all])];
    new Chain(ctx, chain, middleware.length, (error) => this.#messageDone(ctx, error)).run();
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
}

function ignore(): void {}

const withoutAnswer =
  (handler: Handler): Handler =>
  (ctx) => {
    const returned = handler(ctx, ignore);
    return isPromise(returned) ? returned.then(ignore) : undefined;
  };

function refuse(role: Role | undefined, { role: name }: Name, unit: Unit): TroupeError | undefined {
  if (role === undefined)
    return new TroupeError("NO_ROLE", `this peer does not play the role ${shown(name)}`);
  if (!role.allows(unit.id)) {
    return new TroupeError("NOT_ALLOWED", `role ${shown(name)} is not open to ${unit.id}`);
  }
  if (!role.active) return new TroupeError("ROLE_DISABLED", `role ${shown(name)} is disabled`);
  return undefined;
}

const callbackOf =
  (request: IncomingRequest): ((error?: unknown, answer?: unknown) => void) =>
  (error, answer) => {
    if (error === undefined || error === null) answerWith(request, answer);
    else fail(request, error);
  };

/** What a single handler returned. With a callback, `undefined` means that it will be called. */
function returnedFrom(handler: Handler, request: IncomingRequest, answer: unknown): void {
  if (answer !== undefined || handler.length < 2) answerWith(request, answer);
}

function answerWith(request: IncomingRequest, answer: unknown): void {
  let payload: Payload;
  try {
    payload = encodePayload(answer);
  } catch (error) {
    fail(request, unsendable(error));
    return;
  }
  request.answer(payload);
}

function fail(request: IncomingRequest, thrown: unknown): void {
  tellFailure(thrown, (code, message, details) => request.reject(code, message, details));
}
