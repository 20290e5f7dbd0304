import type { Reader } from "../bytes/reader.ts";
import { encodeText } from "../bytes/text.ts";
import { varintLength } from "../bytes/varint.ts";
import { prefixedLength, type Writer } from "../bytes/writer.ts";
import { badArgument, broken } from "../errors.ts";
import { MAX_NAME, type Name } from "./type.ts";

/**
 * How a name stands in a frame: `0 role event` spells it out for once; `1 role event` spells it out
 * and gives it the next number, counting from {@link FIRST}; anything else is such a number.
 */
const SPELLED = 0;
const DEFINED = 1;
const FIRST = 2;

/** Names one side may define on one connection; further ones are spelled out each time. */
export const MAX_NAMES = 1024;

/** A name ready to be written: its reference, and its spelling unless the other side knows it. */
export interface NameReference {
  readonly reference: number;
  readonly spelling: Spelling | undefined;
}

interface Spelling {
  readonly role: Uint8Array;
  readonly event: Uint8Array;
}

/** The names we have defined for the other side. */
export class NamesOut {
  #numbers: Map<string, Map<string, NameReference>> | undefined;
  #next = FIRST;

  /**
   * How to write a name now. It counts as defined from here on: the caller must write it.
   *
   * @throws TroupeError `BAD_ARGUMENT` when a name is longer than {@link MAX_NAME} bytes
   */
  refer(name: Name): NameReference {
    return this.#numbers?.get(name.role)?.get(name.event) ?? this.#introduce(name);
  }

  #introduce(name: Name): NameReference {
    const spelling = {
      role: checkedName("role", name.role),
      event: checkedName("event", name.event),
    };
    if (this.#next >= FIRST + MAX_NAMES) return { reference: SPELLED, spelling };
    this.#numbers ??= new Map();
    let events = this.#numbers.get(name.role);
    if (events === undefined) {
      events = new Map();
      this.#numbers.set(name.role, events);
    }
    events.set(name.event, { reference: this.#next++, spelling: undefined });
    return { reference: DEFINED, spelling };
  }
}

/** The names the other side has defined for us. */
export class NamesIn {
  #names: Name[] | undefined;

  /**
   * Reads one name.
   *
   * @throws TroupeError `PROTOCOL` for a number never defined, a name too long, or one name too many
   */
  read(reader: Reader): Name {
    const reference = reader.varint();
    if (reference >= FIRST) {
      const name = this.#names?.[reference - FIRST];
      if (name === undefined) throw broken(`name number ${reference} was never defined`);
      return name;
    }
    const name: Name = { role: reader.text(MAX_NAME), event: reader.text(MAX_NAME) };
    if (reference === DEFINED) {
      this.#names ??= [];
      if (this.#names.length >= MAX_NAMES) throw broken(`more than ${MAX_NAMES} names defined`);
      this.#names.push(name);
    }
    return name;
  }
}

/** Bytes that {@link writeName} takes. */
export function nameLength({ reference, spelling }: NameReference): number {
  const length = varintLength(reference);
  if (spelling === undefined) return length;
  return length + prefixedLength(spelling.role.length) + prefixedLength(spelling.event.length);
}

/** Writes what {@link NamesOut.refer} returned. */
export function writeName(writer: Writer, { reference, spelling }: NameReference): void {
  writer.varint(reference);
  if (spelling === undefined) return;
  writer.prefixed(spelling.role);
  writer.prefixed(spelling.event);
}

function checkedName(what: string, name: string): Uint8Array {
  const bytes = encodeText(name);
  if (bytes.length <= MAX_NAME) return bytes;
  throw badArgument(
    `${what} name of ${bytes.length} bytes; at most ${MAX_NAME} travel, put the rest into data or metadata`,
  );
}
