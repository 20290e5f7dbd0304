import { duplexEnd, readableEnd, writableEnd } from "#streams";
import type { IncomingStream, StreamKind } from "../connection/stream.ts";
import { decodePayload, encodePayload, NOTHING } from "../frame/payload.ts";
import { Chain } from "./chain.ts";
import { tellFailure, unsendable } from "./dispatch-error.ts";
import type { Handler } from "./handlers.ts";
import { StreamContext } from "./stream-context.ts";
import { PatientUser } from "./stream-patience.ts";
import type { Unit } from "./unit.ts";

/** What a stream is to the side that is asked for it. */
export const SEEN_FROM_HERE: Readonly<Record<StreamKind, StreamKind>> = {
  readable: "writable",
  writable: "readable",
  duplex: "duplex",
};

/**
 * Runs the handlers of a stream: what they answer takes it, what they throw refuses or fails it.
 *
 * @param done - called once they have
 */
export function serveStream(
  unit: Unit,
  stream: IncomingStream,
  handlers: readonly Handler[],
  middlewares: number,
  done: () => void,
): void {
  const { name, metadata, payload } = stream;
  const ctx = new StreamContext(
    unit,
    name.role,
    name.event,
    metadata,
    payload,
    decodePayload(payload),
    undefined,
    stream,
  );
  giveEnd(ctx, stream);
  new Chain(ctx as StreamContext<never>, handlers, middlewares, (error, answer) => {
    done();
    if (error === undefined || error === null) acceptWith(stream, answer);
    else refuseStream(stream, error);
  }).run();
}

/** Tells the opener why it cannot have the stream, or, when it has it already, why it ends. */
export function refuseStream(stream: IncomingStream, thrown: unknown): void {
  tellFailure(thrown, (code, message, details) => stream.refuse(code, message, details));
}

function giveEnd(ctx: StreamContext, stream: IncomingStream): void {
  const kind = SEEN_FROM_HERE[stream.kind];
  if (kind === "readable") {
    const made = readableEnd();
    ctx.readable = made.stream;
    stream.use(new PatientUser(made.user));
  } else if (kind === "writable") {
    const made = writableEnd();
    ctx.writable = made.stream;
    stream.use(new PatientUser(made.user));
  } else {
    const made = duplexEnd();
    ctx.duplex = made.stream;
    stream.use(new PatientUser(made.user));
  }
}

/** What `pipe` returns, from a handler that is one expression: nobody means it as an answer. */
const isStream = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  ("pipe" in value || "pipeTo" in value || "getWriter" in value);

function acceptWith(stream: IncomingStream, answer: unknown): void {
  try {
    stream.accept(isStream(answer) ? NOTHING : encodePayload(answer));
  } catch (thrown) {
    refuseStream(stream, unsendable(thrown));
  }
}
