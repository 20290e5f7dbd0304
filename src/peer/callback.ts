import type { Clock } from "../async/clock.ts";
import type { Connection } from "../connection/connection.ts";
import { badArgument, type TroupeError, toTroupeError } from "../errors.ts";
import { NOTHING } from "../frame/payload.ts";
import type { Name } from "../frame/type.ts";
import { Context } from "./context.ts";
import type { Connected } from "./dialer.ts";
import type { Question, RequestDesk } from "./request.ts";
import type { Unit } from "./unit.ts";

/** Hears once whether something was done: null, or what kept it from being done. */
export type DoneCallback = (error: TroupeError | null) => void;

/** What connecting gives. */
export interface ConnectResult extends Connected {
  /** The same as `connection`, by the name that roletalk has for it. */
  readonly ws: Connection;
}

/** Hears once what became of an attempt to connect. With an error there is nothing else. */
export type ConnectCallback = (error: TroupeError | null, connected: ConnectResult) => void;

/**
 * Hears once what became of a request. With an error, `ctx.data` is null and `ctx.unit` is who was
 * asked; there is no `ctx` when nobody could be.
 */
export type OutcomeCallback<Data = unknown> = (
  error: TroupeError | null,
  ctx: Context<Data>,
) => void;

/** What is passed behind an error. As in Node's own types, who takes it has looked at the error first. */
const nothing = undefined as never;

/** @throws TroupeError `BAD_ARGUMENT` unless it is a function */
function checkCallback(callback: unknown): void {
  if (typeof callback !== "function") throw badArgument("a callback must be a function");
}

/**
 * Calls back with a stack of its own: what a callback throws is an uncaught exception of the
 * user's own code, as with any event listener, and meets nobody here.
 */
function outside(call: () => void): void {
  queueMicrotask(call);
}

/** @internal For one that is called without anything when all is well. */
export const withoutNull =
  (callback: (error?: TroupeError) => void): DoneCallback =>
  (error) =>
    error === null ? callback() : callback(error);

/** @internal What `begin` gives, as a promise, or told to a callback when there is one. */
export function promiseOr<Value>(
  callback: ((error: TroupeError | null, value: Value) => void) | null | undefined,
  begin: () => Promise<Value>,
): Promise<Value> | undefined {
  if (callback === undefined || callback === null) return begin();
  checkCallback(callback);
  begin().then(
    (value) => outside(() => callback(null, value)),
    (thrown: unknown) => outside(() => callback(asError(thrown), nothing)),
  );
  return undefined;
}

/**
 * @internal Tells when a message has left for the network, or why it has not.
 *
 * @param send - throws, or gives no unit, when it cannot be sent
 * @param nobody - why there is no unit
 */
export function tellSent(
  callback: DoneCallback,
  send: () => Unit | undefined,
  nobody: () => TroupeError,
  clock: Clock,
): Unit | undefined {
  checkCallback(callback);
  try {
    const unit = send();
    if (unit === undefined) throw nobody();
    // It leaves at the end of this turn, and whoever sends on from the callback does not run ahead of it.
    clock.soon(() => {
      unit.drained().then(
        () => outside(() => callback(null)),
        (thrown: unknown) => outside(() => callback(asError(thrown))),
      );
    });
    return unit;
  } catch (thrown) {
    outside(() => callback(asError(thrown)));
    return undefined;
  }
}

/**
 * @internal Asks some units, and tells what became of each request.
 *
 * @param prepare - throws when nobody can be asked
 * @returns how many are asked
 */
export function tellEach<Data>(
  callback: OutcomeCallback<Data>,
  desk: RequestDesk,
  prepare: () => { readonly question: Question; readonly units: readonly Unit[] },
): number {
  checkCallback(callback);
  try {
    const { question, units } = prepare();
    for (const unit of units) {
      desk.ask<Data>(unit, question).then(
        (ctx) => outside(() => callback(null, ctx)),
        (thrown: unknown) => tellFailure(callback, unit, question.name, asError(thrown)),
      );
    }
    return units.length;
  } catch (thrown) {
    outside(() => callback(asError(thrown), nothing));
    return 0;
  }
}

function tellFailure(
  callback: OutcomeCallback<never>,
  unit: Unit,
  { role, event }: Name,
  error: TroupeError,
): void {
  const ctx = new Context(unit, role, event, undefined, NOTHING, null);
  ctx.error = error;
  outside(() => callback(error, ctx as Context<never>));
}

const asError = (thrown: unknown): TroupeError =>
  toTroupeError(thrown, "BAD_ARGUMENT", "this cannot be done");
