import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeStructure, encodeStructure, MAX_DEPTH } from "../../src/frame/structure.ts";
import { isTroupeError } from "../support/errors.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

const arrived = (value: unknown): unknown =>
  decodeStructure(Uint8Array.from(encodeStructure(value)));

/** -0 in a structure arrives as 0, as it does in JSON. */
const leaf = fc.oneof(
  fc.constantFrom(null, undefined, true, false, Number.NaN, Number.POSITIVE_INFINITY),
  fc.double({ noNaN: true }).map((value) => value + 0),
  fc.integer(),
  fc.string({ unit: "grapheme" }),
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 20 }),
  fc.uint16Array({ maxLength: 5 }),
  fc.float64Array({ maxLength: 5 }),
  fc.int8Array({ maxLength: 5 }),
  fc.string().map((message) => new RangeError(message)),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 4 },
    ),
    fc
      .array(fc.tuple(tie("value"), tie("value")), { maxLength: 4 })
      .map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 4 }).map((items) => new Set(items)),
  ),
}));

describe("a structure", () => {
  test("arrives as it was sent, whatever it is made of", () => {
    fc.assert(
      fc.property(value, (sent) => {
        expect(arrived([sent])).toEqual([sent]);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["BigInts of any size and sign", [0n, -1n, 2n ** 63n, 2n ** 64n, -(2n ** 63n), -(2n ** 200n)]],
    ["dates from the first to the last", [new Date(-8.64e15), new Date(-1), new Date(8.64e15)]],
    ["an invalid date", [new Date(Number.NaN)]],
    ["Maps in Maps", new Map([[new Map([[1, 2]]), new Map([["k", new Map()]])]])],
    [
      "Maps with arrays for keys and values",
      new Map([
        [
          [1, [2]],
          [3, [4]],
        ],
      ]),
    ],
    ["Sets in Sets", new Set([new Set([1]), new Set([new Set()])])],
    ["undefined beside null", { a: undefined, b: null }],
    ["an array buffer", [Uint8Array.of(1, 2, 3).buffer]],
    [
      "typed arrays of every kind",
      [
        new Int16Array([-1, 1]),
        new Int32Array([1]),
        new Uint32Array([1]),
        new Uint8ClampedArray([1]),
        new Float32Array([0.5]),
        new BigInt64Array([-1n]),
        new BigUint64Array([1n]),
      ],
    ],
    ["keys that are numbers", { 1: "a", 0: "b" }],
    ["a key that is empty", { "": 1 }],
  ])("may hold %s", (_, sent) => {
    expect(arrived(sent)).toStrictEqual(sent);
  });

  test("holds a view of part of a buffer as that part", () => {
    const view = new Float64Array([1, 2, 3]).subarray(1, 2);
    expect(arrived({ view })).toEqual({ view: new Float64Array([2]) });
  });

  test("takes a -0 for 0, as JSON does", () => {
    expect(Object.is((arrived([-0]) as number[])[0], 0)).toBe(true);
  });

  test("keeps name, message and cause of an Error, and its class where there is one", () => {
    class SeatsTaken extends Error {
      override readonly name = "SeatsTaken";
    }
    const sent = new SeatsTaken("full", { cause: new TypeError("below", { cause: { row: [7] } }) });
    const error = arrived(sent) as Error;
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.message]).toEqual(["SeatsTaken", "full"]);
    expect(error.cause).toBeInstanceOf(TypeError);
    expect((error.cause as Error).cause).toEqual({ row: [7] });
    expect(Object.hasOwn(arrived(new Error("alone")) as object, "cause")).toBe(false);
    expect((arrived(new AggregateError([], "all")) as Error).message).toBe("all");
  });

  test("takes of an instance what it has, or what its toJSON gives", () => {
    class Seat {
      readonly row = 7;
      readonly #secret = 1;
      get secret(): number {
        return this.#secret;
      }
    }
    expect(arrived([new Seat()])).toEqual([{ row: 7 }]);
    expect(arrived({ at: { toJSON: () => new Map([[1, 2n]]) } })).toEqual({
      at: new Map([[1, 2n]]),
    });
  });

  test("sets no prototype, whatever its keys are", () => {
    const sent = JSON.parse('{"__proto__":{"admin":true},"a":{"constructor":1}}') as unknown;
    const data = arrived(sent) as Record<string, unknown>;
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect(data["admin"]).toBeUndefined();
    expect(data["a"]).toEqual({ constructor: 1 });
    expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
  });

  test("does not change what was sent", () => {
    const sent = Object.freeze({ list: Object.freeze([new Map([[1, { toJSON: () => 2 }]])]) });
    expect(arrived(sent)).toEqual({ list: [new Map([[1, 2]])] });
    expect(sent.list[0]).toBeInstanceOf(Map);
  });

  test.each<[string, (inner: unknown) => unknown]>([
    ["arrays", (inner) => [inner]],
    ["objects", (inner) => ({ inner })],
    ["Maps by value", (inner) => new Map([[0, inner]])],
    ["Maps by key", (inner) => new Map([[inner, 0]])],
    ["Sets", (inner) => new Set([inner])],
    ["causes", (inner) => new Error("e", { cause: inner })],
  ])(`may nest ${MAX_DEPTH} %s, and no more`, (_, wrap) => {
    let deepest = wrap(1);
    for (let depth = 1; depth < MAX_DEPTH; depth++) deepest = wrap(deepest);
    expect(() => arrived(deepest)).not.toThrow();
    expect(() => encodeStructure(wrap(deepest))).toThrow(isTroupeError("BAD_PAYLOAD", "64 levels"));
  });
});

describe("what cannot travel", () => {
  const circle: Record<string, unknown> = { list: [] };
  circle["list"] = [circle];
  const ring = new Map<string, unknown>();
  ring.set("self", ring);
  const own = new Error("its own cause");
  own.cause = own;

  test.each<[string, unknown, string]>([
    ["a function", () => 1, "data is a function"],
    ["a symbol", Symbol("s"), "data is a symbol"],
    ["a promise", Promise.resolve(), "data is a promise"],
    ["a function in an object", { a: { b: [1, () => 1] } }, "data.a.b[1] is a function"],
    ["a symbol in a Map", new Map([["k", Symbol("s")]]), "data[1] is a symbol"],
    ["a promise in a Set", new Set([Promise.resolve()]), "data[0] is a promise: await it first"],
    [
      "a function in the cause of an Error",
      { e: new Error("e", { cause: () => 1 }) },
      "data.e.cause is a function",
    ],
    ["a pattern", { pattern: /x/ }, "data.pattern is a RegExp"],
    ["a WeakMap", [new WeakMap()], "data[0] is a WeakMap"],
    ["an object in itself", circle, "data.list[0].list[0].list[0].list[0] is nested deeper"],
    ["a Map in itself", ring, "data[1][1]"],
    ["an Error that causes itself", own, "data.cause.cause"],
    [
      "an object whose toJSON gives itself",
      {
        toJSON(): unknown {
          return this;
        },
      },
      "nested deeper",
    ],
    [
      "an object whose getter throws",
      {
        get a(): never {
          throw new Error("no");
        },
      },
      "cannot be encoded",
    ],
  ])("is %s: BAD_PAYLOAD says where it is", (_, value, where) => {
    expect(() => encodeStructure(value)).toThrow(isTroupeError("BAD_PAYLOAD", where));
    expect(arrived({ after: 1 })).toEqual({ after: 1 });
  });
});
