import type { IncomingRequest } from "../connection/connection.ts";
import { encodePayload, type Payload } from "../frame/payload.ts";
import type { Admission } from "./admission.ts";
import { isPromise, withoutReason } from "./chain.ts";
import type { Context } from "./context.ts";
import { tellFailure, unsendable } from "./dispatch-error.ts";
import type { Handler } from "./handlers.ts";
import type { Place } from "./place.ts";

/** Answers a request once, and gives back the place of its handlers. */
export const callbackOf =
  (request: IncomingRequest, place: Place): ((error?: unknown, answer?: unknown) => void) =>
  (error, answer) => {
    place.leave();
    if (error === undefined || error === null) answerWith(request, answer);
    else fail(request, error);
  };

/** Runs the one handler of a request that takes a callback. `undefined` means that it will be called. */
export function serveByCallback(
  handler: Handler,
  ctx: Context<never>,
  request: IncomingRequest,
  place: Place,
): void {
  const settle = callbackOf(request, place);
  const returned = (answer: unknown): void => {
    if (answer !== undefined) settle(undefined, answer);
  };
  const failed = (error: unknown): void => settle(error ?? withoutReason());
  try {
    const first = handler(ctx as never, settle);
    if (isPromise(first)) first.then(returned, failed);
    else returned(first);
  } catch (error) {
    failed(error);
  }
}

/** What a handler will have answered. Its place is kept until then. */
export function answerLater(
  request: IncomingRequest,
  returned: PromiseLike<unknown>,
  admission: Admission,
): void {
  returned.then(
    (answer) => {
      admission.leave();
      answerWith(request, answer);
    },
    (error: unknown) => {
      admission.leave();
      fail(request, error);
    },
  );
}

/** What a handler has answered. */
export function answerWith(request: IncomingRequest, answer: unknown): void {
  let payload: Payload;
  try {
    payload = encodePayload(answer);
  } catch (error) {
    fail(request, unsendable(error));
    return;
  }
  request.answer(payload);
}

/** What a handler has thrown. */
export function fail(request: IncomingRequest, thrown: unknown): void {
  tellFailure(thrown, (code, message, details) => request.reject(code, message, details));
}
