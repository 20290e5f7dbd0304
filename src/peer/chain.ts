import { defer } from "../async/deferred.ts";
import { shown, TroupeError } from "../errors.ts";
import type { Context } from "./context.ts";
import type { Handler } from "./handlers.ts";

/** Called once with the outcome: an error, if it is not undefined or null, else the data. */
export type Settle = (error: unknown, data: unknown) => void;

/** A middleware that waits in `await ctx.next()`: it goes on when everything inside it is done. */
interface Waiting {
  readonly goOn: () => void;
  readonly frame: Frame;
}

/** One run of a handler. */
interface Frame {
  /** What it returned, which tells when it is done. */
  returned: unknown;
}

/**
 * Runs handlers in order until one of them answers. A middleware that resolves `undefined` lets the
 * next one run, as does `ctx.next()`; the first answer wins. Then those that waited in `ctx.next()` go
 * on, innermost first, and may replace `ctx.response` and `ctx.error` before the outcome is final.
 */
export class Chain {
  readonly #ctx: Context<never>;
  readonly #handlers: readonly Handler[];
  readonly #middlewares: number;
  readonly #settle: Settle;
  readonly #waiting: Waiting[] = [];
  #answered = false;

  /** @param middlewares - how many of `handlers`, from the first, are middleware; the rest handle the event */
  constructor(
    ctx: Context<never>,
    handlers: readonly Handler[],
    middlewares: number,
    settle: Settle,
  ) {
    this.#ctx = ctx;
    this.#handlers = handlers;
    this.#middlewares = middlewares;
    this.#settle = settle;
  }

  run(): void {
    this.#run(0);
  }

  #run(index: number): void {
    if (this.#answered) return;
    const handler = this.#handlers[index];
    if (handler === undefined) {
      this.#exhausted();
      return;
    }
    let advanced = false;
    const advance = (): void => {
      if (advanced) return;
      advanced = true;
      this.#run(index + 1);
    };
    const frame: Frame = { returned: undefined };
    if (index < this.#middlewares) {
      this.#ctx.advanceBy(() => {
        if (this.#answered) return Promise.resolve();
        const { promise, resolve } = defer<void>();
        this.#waiting.push({ goOn: () => resolve(), frame });
        advance();
        return promise;
      });
    } else {
      // Nothing comes after it: were it to wait, it would wait for its own answer.
      this.#ctx.advanceBy(() => Promise.resolve());
    }
    this.#call(handler, index, advance, frame);
  }

  #call(handler: Handler, index: number, advance: () => void, frame: Frame): void {
    let returned: unknown;
    try {
      returned = handler(this.#ctx as never, (error, data) => this.#answer(error, data ?? null));
    } catch (error) {
      this.#fail(error);
      return;
    }
    frame.returned = returned;
    const takesCallback = handler.length >= 2;
    if (isPromise(returned)) {
      returned.then(
        (data) => this.#returned(data, index, takesCallback, advance),
        (error: unknown) => this.#fail(error),
      );
    } else {
      this.#returned(returned, index, takesCallback, advance);
    }
  }

  #returned(data: unknown, index: number, takesCallback: boolean, advance: () => void): void {
    if (data !== undefined) this.#answer(undefined, data);
    else if (index < this.#middlewares) advance();
    else if (index + 1 < this.#handlers.length) this.#run(index + 1);
    else if (!takesCallback) this.#answer(undefined, null);
  }

  #exhausted(): void {
    const { role, event } = this.#ctx;
    this.#fail(new TroupeError("NO_EVENT", `role ${shown(role)} does not handle ${shown(event)}`));
  }

  #fail(error: unknown): void {
    this.#answer(error ?? withoutReason(), undefined);
  }

  #answer(error: unknown, data: unknown): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#ctx.error = error;
    this.#ctx.response = data;
    if (this.#waiting.length === 0) this.#settle(error, data);
    else void this.#unwind();
  }

  async #unwind(): Promise<void> {
    // An answer within `ctx.next()` itself finds its caller still on the stack: let it return first.
    await Promise.resolve();
    for (let entry = this.#waiting.pop(); entry !== undefined; entry = this.#waiting.pop()) {
      entry.goOn();
      try {
        await entry.frame.returned;
      } catch (error) {
        this.#ctx.error = error ?? withoutReason();
      }
    }
    this.#settle(this.#ctx.error, this.#ctx.response);
  }
}

/** @internal For a handler that throws nothing. */
export const withoutReason = (): TroupeError =>
  new TroupeError("REJECTED", "the handler failed without telling why");

/** @internal Whether `value` will be there later. */
export const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" &&
  value !== null &&
  "then" in value &&
  typeof value.then === "function";
