import { type Deferred, defer } from "../async/deferred.ts";
import { TroupeError, toTroupeError } from "../errors.ts";
import type { Context } from "./context.ts";
import type { Unit } from "./unit.ts";

/** A unit that could not answer, and why. */
export interface SurveyFailure {
  /** The unit. */
  readonly unit: Unit;
  /** What became of its call. */
  readonly error: TroupeError;
}

/** What one unit gave: the context of its answer, or its failure. */
export type SurveyItem<Data> =
  | (Context<Data> & {
      /** Of an answer there is none. */
      readonly error?: undefined;
    })
  | SurveyFailure;

/**
 * Answers of many units as they come in. Every unit is asked at once; those that do not answer in
 * time are listed in {@link Survey.missing} when the loop ends. Made by {@link Destination.survey}.
 *
 * @example
 * ```ts no-run
 * import type { Survey } from "troupe";
 *
 * async function mean(survey: Survey<number>): Promise<number> {
 *   let sum = 0;
 *   let count = 0;
 *   for await (const item of survey) {
 *     if (item.error !== undefined) continue; // this unit failed
 *     sum += item.data;
 *     count++;
 *   }
 *   return sum / count;
 * }
 * ```
 */
export class Survey<Data = unknown> implements AsyncIterable<SurveyItem<Data>> {
  /** How many units were asked. */
  readonly asked: number;
  readonly #silent = new Set<Unit>();
  readonly #items: SurveyItem<Data>[] = [];
  readonly #cancel = new AbortController();
  readonly #signal: AbortSignal | undefined;
  #open: number;
  #wake: Deferred<void> = defer();

  /** @internal */
  constructor(
    units: readonly Unit[],
    ask: (unit: Unit, signal: AbortSignal) => Promise<Context<Data>>,
    signal: AbortSignal | undefined,
  ) {
    this.asked = units.length;
    this.#open = units.length;
    this.#signal = signal;
    const linked =
      signal === undefined ? this.#cancel.signal : AbortSignal.any([signal, this.#cancel.signal]);
    for (const unit of units) {
      this.#silent.add(unit);
      ask(unit, linked).then(
        (ctx) => this.#heard(unit, ctx as SurveyItem<Data>),
        (thrown: unknown) => this.#failed(unit, toTroupeError(thrown, "REJECTED", "survey")),
      );
    }
  }

  /** Units that have not answered yet; after the loop, those that stayed silent until their time was over. */
  get missing(): Unit[] {
    return [...this.#silent];
  }

  /**
   * Yields what comes in until every unit has answered, failed or run out of time.
   *
   * @throws TroupeError `CANCELLED` when the survey's signal has aborted
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<SurveyItem<Data>, void, undefined> {
    try {
      while (this.#open > 0 || this.#items.length > 0) {
        const item = this.#items.shift();
        if (item !== undefined) {
          yield item;
        } else {
          await this.#wake.promise;
          this.#wake = defer();
        }
      }
      if (this.#signal?.aborted) {
        const cause: unknown = this.#signal.reason;
        throw new TroupeError("CANCELLED", "the survey was cancelled by its caller", { cause });
      }
    } finally {
      this.#cancel.abort();
    }
  }

  #heard(unit: Unit, item: SurveyItem<Data>): void {
    this.#silent.delete(unit);
    this.#items.push(item);
    this.#closeOne();
  }

  #failed(unit: Unit, error: TroupeError): void {
    if (error.code === "TIMEOUT" || error.code === "CANCELLED") this.#closeOne();
    else this.#heard(unit, { unit, error });
  }

  #closeOne(): void {
    this.#open--;
    this.#wake.resolve();
  }
}
