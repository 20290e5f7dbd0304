/** Where something stands in a {@link Line}. Its neighbours belong to the line. */
export class Link<T> {
  readonly value: T;
  before: Link<T> | undefined;
  after: Link<T> | undefined;

  constructor(value: T) {
    this.value = value;
  }
}

/**
 * Things in the order in which they came; each can leave from the middle. A `Map` keeps order, too, but to
 * find its first entry it passes by all that have left since it last grew.
 */
export class Line<T> {
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;

  /** What came first. */
  get first(): T | undefined {
    return this.#first?.value;
  }

  append(value: T): Link<T> {
    const link = new Link(value);
    link.before = this.#last;
    if (this.#last === undefined) this.#first = link;
    else this.#last.after = link;
    this.#last = link;
    return link;
  }

  /** Takes out what is in here. */
  remove(link: Link<T>): void {
    if (link.before === undefined) this.#first = link.after;
    else link.before.after = link.after;
    if (link.after === undefined) this.#last = link.before;
    else link.after.before = link.before;
    link.before = undefined;
    link.after = undefined;
  }
}
