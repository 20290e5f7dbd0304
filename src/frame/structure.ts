import { addExtension, Packr } from "msgpackr";
import { broken, messageOf, TroupeError } from "../errors.ts";
import { checkMsgpack, EXT_ERROR, EXT_MAP, MAX_VALUES } from "./msgpack-check.ts";

/** Deepest nesting of a structured payload, for both directions. */
export const MAX_DEPTH = 64;

/** A Map on its way through msgpack, whose own maps are plain objects. */
class MapEntries {
  readonly flat: readonly unknown[];
  constructor(flat: readonly unknown[]) {
    this.flat = flat;
  }
}

addExtension({
  Class: MapEntries,
  type: EXT_MAP,
  write: (entries: MapEntries) => entries.flat,
  read: (flat: unknown) => toMap(flat),
});

/** An Error on its way. */
class ErrorParts {
  readonly parts: readonly [name: string, message: string, cause: unknown];
  constructor({ name, message }: Error, cause: unknown) {
    this.parts = [String(name), String(message), cause];
  }
}

// Beside msgpackr's own, which looks the stranger's name up where it finds more than errors.
addExtension({
  Class: ErrorParts,
  type: EXT_ERROR,
  write: ({ parts }: ErrorParts) => parts,
  read: (parts: unknown) => toError(parts),
});

/** Errors that come out as what they went in; of all others the name is kept. */
const ERROR_CLASSES: ReadonlyMap<unknown, ErrorConstructor> = new Map(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [
    type.name,
    type,
  ]),
);

const packr = new Packr({ useRecords: false, moreTypes: true, mapsAsObjects: true });

/**
 * Encodes an object, array, Date, Map, Set, BigInt, typed array or Error, nested as deep as
 * {@link MAX_DEPTH}. Of class instances the own enumerable properties travel, or what their
 * `toJSON` returns.
 *
 * @throws TroupeError `BAD_PAYLOAD` naming the part that cannot travel
 */
export function encodeStructure(value: unknown): Uint8Array {
  try {
    const bytes = packr.pack(travelling(value, [], 0));
    // Only so many bytes can hold more values than a reader takes.
    if (bytes.length > MAX_VALUES) checkMsgpack(bytes, MAX_DEPTH);
    return bytes;
  } catch (thrown) {
    if (thrown instanceof TroupeError && thrown.code === "BAD_PAYLOAD") throw thrown;
    throw new TroupeError("BAD_PAYLOAD", `data cannot be encoded: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/**
 * Decodes what {@link encodeStructure} made. Bytes are checked before they are given to the decoder:
 * no length without its bytes, no extension that is not ours, no prototype from the wire.
 *
 * @throws TroupeError `PROTOCOL` for anything else
 */
export function decodeStructure(bytes: Uint8Array): unknown {
  checkMsgpack(bytes, MAX_DEPTH);
  try {
    return packr.unpack(bytes);
  } catch (thrown) {
    throw new TroupeError("PROTOCOL", "a structured payload cannot be decoded", { cause: thrown });
  }
}

function toMap(flat: unknown): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  if (!Array.isArray(flat)) throw broken("a Map without entries");
  for (let i = 0; i + 1 < flat.length; i += 2) map.set(flat[i], flat[i + 1]);
  return map;
}

function toError(parts: unknown): Error {
  const [name, message, cause] = Array.isArray(parts) ? (parts as readonly unknown[]) : [];
  if (typeof name !== "string" || typeof message !== "string")
    throw broken("an Error without name or message");
  const known = ERROR_CLASSES.get(name);
  const error = new (known ?? Error)(message, cause === undefined ? {} : { cause });
  if (known === undefined) error.name = name;
  return error;
}

/** Returns `value` itself where nothing needs to be replaced, so plain data is walked and not copied. */
function travelling(value: unknown, path: (string | number)[], depth: number): unknown {
  if (typeof value === "function" || typeof value === "symbol")
    throw cannotTravel(path, `a ${typeof value}`);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) {
    throw cannotTravel(path, `nested deeper than ${MAX_DEPTH} levels, or part of itself`);
  }
  return travellingContainer(value, path, depth);
}

function travellingContainer(value: object, path: (string | number)[], depth: number): unknown {
  if (Array.isArray(value)) return travellingArray(value, path, depth);
  if (value instanceof Date || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return value;
  }
  if (value instanceof Map) return new MapEntries(travellingArray([...value].flat(1), path, depth));
  if (value instanceof Set) return new Set(travellingArray([...value], path, depth));
  if (value instanceof Error) return travellingError(value, path, depth);
  const foreign = nameOfForeign(value);
  if (foreign !== undefined) throw cannotTravel(path, foreign);
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return travelling(value.toJSON(), path, depth + 1);
  }
  return travellingObject(value, path, depth);
}

/** What an object is that would arrive as an empty one. */
function nameOfForeign(value: object): string | undefined {
  if (value instanceof Promise) return "a promise: await it first";
  const isForeign = value instanceof RegExp || value instanceof WeakMap || value instanceof WeakSet;
  return isForeign ? `a ${value.constructor.name}` : undefined;
}

function travellingError(error: Error, path: (string | number)[], depth: number): ErrorParts {
  path.push("cause");
  const cause = travelling(error.cause, path, depth + 1);
  path.pop();
  return new ErrorParts(error, cause);
}

function travellingArray(
  array: readonly unknown[],
  path: (string | number)[],
  depth: number,
): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < array.length; i++) {
    const item = array[i];
    if (isSimple(item)) continue;
    path.push(i);
    const other = travelling(item, path, depth + 1);
    path.pop();
    if (other === item) continue;
    copy ??= [...array];
    copy[i] = other;
  }
  return copy ?? array;
}

function travellingObject(object: object, path: (string | number)[], depth: number): object {
  let copy: Record<string, unknown> | undefined;
  for (const [key, item] of Object.entries(object)) {
    if (isSimple(item)) continue;
    path.push(key);
    const other = travelling(item, path, depth + 1);
    path.pop();
    if (other === item) continue;
    copy ??= { ...object };
    copy[key] = other;
  }
  return copy ?? object;
}

const isSimple = (value: unknown): boolean =>
  typeof value === "string" ||
  typeof value === "number" ||
  typeof value === "boolean" ||
  value === null;

function cannotTravel(path: readonly (string | number)[], what: string): TroupeError {
  let where = "data";
  for (const part of path.slice(0, 8)) where += typeof part === "number" ? `[${part}]` : `.${part}`;
  return new TroupeError("BAD_PAYLOAD", `${where} is ${what}; send values that can be copied`);
}
