import type { IncomingRequest } from "../connection/connection.ts";
import { codeForRemote } from "../connection/remote-code.ts";
import { messageOf, TroupeError } from "../errors.ts";
import { decodePayload, encodePayload, type Payload } from "../frame/payload.ts";
import type { Metadata, Name } from "../frame/type.ts";
import { Chain, isPromise } from "./chain.ts";
import { Context } from "./context.ts";
import type { Handler, Handlers, Kind } from "./handlers.ts";
import type { Logger } from "./options.ts";
import type { Role } from "./role.ts";
import type { Roles } from "./roles.ts";
import type { Unit } from "./unit.ts";

const NOTHING: Payload = encodePayload(null);

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
    const data = decodePayload(payload);
    const role = this.#roles.find(name.role);
    if (role === undefined || !role.active || !role.allows(unit.id)) return;
    const ctx = new Context(unit, name.role, name.event, metadata, payload, data as never);
    const alone = this.#alone(role, "message", name.event);
    if (alone === undefined) {
      this.#chain(role, "message", ctx, (error) => this.#messageDone(name, error));
      return;
    }
    try {
      const returned = alone(ctx, ignore);
      if (isPromise(returned))
        returned.then(undefined, (error: unknown) => this.#messageDone(name, error));
    } catch (error) {
      this.#messageDone(name, error);
    }
  }

  /** A request: answered exactly once, whatever happens. */
  request(unit: Unit, request: IncomingRequest): void {
    const { name, metadata, payload } = request;
    const data = decodePayload(payload);
    const role = this.#roles.find(name.role);
    const refusal = refuse(role, name, unit);
    if (refusal !== undefined || role === undefined) {
      fail(request, refusal);
      return;
    }
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
    const alone = this.#alone(role, "request", name.event);
    if (alone === undefined) {
      this.#chain(role, "request", ctx, (error, answer) => {
        if (error === undefined || error === null) answerWith(request, answer);
        else fail(request, error);
      });
      return;
    }
    // One handler and no middleware, the common case: no chain, and no promise if it has the answer.
    try {
      const returned = alone(ctx, (error, answer) => {
        if (error === undefined || error === null) answerWith(request, answer);
        else fail(request, error);
      });
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

  /** The one handler there is for an event, if there is no middleware. */
  #alone(role: Role, kind: Kind, event: string): Handler | undefined {
    if (this.#handlers.middleware[kind].length > 0 || role.handlers.middleware[kind].length > 0)
      return undefined;
    const handlers = role.handlers.event(kind, event);
    return handlers.length === 1 ? handlers[0] : undefined;
  }

  #chain(
    role: Role,
    kind: Kind,
    ctx: Context<never>,
    settle: (error: unknown, data: unknown) => void,
  ): void {
    const middleware = [...this.#handlers.middleware[kind], ...role.handlers.middleware[kind]];
    const handlers = [...middleware, ...role.handlers.event(kind, ctx.event)];
    new Chain(ctx, handlers, middleware.length, settle).run();
  }

  #messageDone({ role, event }: Name, error: unknown): void {
    if (error === undefined || error === null) return;
    if (error instanceof TroupeError && error.code === "NO_EVENT") return;
    this.#logger.error(
      `the handler of message ${role}/${event} failed: ${messageOf(error)}`,
      error,
    );
  }
}

function ignore(): void {}

function refuse(role: Role | undefined, { role: name }: Name, unit: Unit): TroupeError | undefined {
  if (role === undefined)
    return new TroupeError("NO_ROLE", `this peer does not play the role "${name}"`);
  if (!role.allows(unit.id)) {
    return new TroupeError("NOT_ALLOWED", `role "${name}" is not open to ${unit.id}`);
  }
  if (!role.active) return new TroupeError("ROLE_DISABLED", `role "${name}" is disabled`);
  return undefined;
}

/** What a single handler returned. With a callback, `undefined` means that it will be called. */
function returnedFrom(handler: Handler, request: IncomingRequest, answer: unknown): void {
  if (answer !== undefined || handler.length < 2) answerWith(request, answer);
}

function answerWith(request: IncomingRequest, answer: unknown): void {
  let payload: Payload;
  try {
    payload = encodePayload(answer);
  } catch (error) {
    fail(
      request,
      new TroupeError("BAD_PAYLOAD", `the handler's answer cannot be sent: ${messageOf(error)}`),
    );
    return;
  }
  request.answer(payload);
}

function fail(request: IncomingRequest, error: unknown): void {
  const code = error instanceof TroupeError ? codeForRemote(error.code) : "REJECTED";
  request.reject(code, messageOf(error), detailsOf(error));
}

/** An error's own `details`, or what was thrown when that is no error at all. */
function detailsOf(error: unknown): Payload {
  let details: unknown;
  if (error instanceof Error) details = "details" in error ? error.details : undefined;
  else if (typeof error === "object") details = error;
  try {
    return encodePayload(details);
  } catch {
    return NOTHING;
  }
}
