import { type Deferred, defer } from "../async/deferred.ts";
import { type TroupeError, toTroupeError } from "../errors.ts";
import type { Context } from "./context.ts";
import type { Unit } from "./unit.ts";

/** A unit that could not answer, and why. */
export interface SurveyFailure {
  readonly unit: Unit;
  readonly error: TroupeError;
}

/** What one unit gave: the context of its answer, or its failure. */
export type SurveyItem<Data> = (Context<Data> & { readonly error?: undefined }) | SurveyFailure;

/**
 * Answers of many units as they come in. Every unit is asked at once; those that do not answer in
 * time are listed in {@link Survey.missing} when the loop ends.
 */
export class Survey<Data = unknown> implements AsyncIterable<SurveyItem<Data>> {
  /** How many units were asked. */
  readonly asked: number;
  readonly #silent = new Set<Unit>();
  readonly #items: SurveyItem<Data>[] = [];
  readonly #cancel = new AbortController();
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

  /** Yields what comes in until every unit has answered, failed or run out of time. */
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
