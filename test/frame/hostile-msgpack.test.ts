import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeStructure, encodeStructure } from "../../src/frame/structure.ts";
import { bytes } from "../crypto/support.ts";
import { isTroupeError } from "../support/errors.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

/** Bytes it must not take more memory for than they could stand for. */
const MANY = 64 * 1024 * 1024;

function heapGrowth(run: () => void): number {
  const before = process.memoryUsage();
  run();
  const after = process.memoryUsage();
  return after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
}

const text = (value: string): string => Buffer.from(value).toString("hex");

/** An Error as it travels: header, array of three, name, message, no cause. */
const error = (name: string): string => `d46e0093${name}a178d40000`;
const named = (name: string): string => error(`${(0xa0 | name.length).toString(16)}${text(name)}`);

describe("structured bytes from a stranger", () => {
  test.each([
    ["an array of 2^32 - 1 items", "ddffffffff"],
    ["an array of 2^31 items and one of them", "dd8000000001"],
    ["a map of 2^32 - 1 entries", "dfffffffff"],
    ["a text of 4 GiB", "dbffffffff61"],
    ["bytes of 4 GiB", "c6ffffffff00"],
    ["an extension of 4 GiB", "c9ffffffff7400"],
    ["arrays that each announce all that is left", "dc0005dc0004dc0003"],
    ["a Map of 2^32 - 1 keys and values", "d46d00ddffffffff"],
    ["a Set of 2^32 - 1 items", "d47300ddffffffff"],
    ["an array of 16 bits that is not there", "dc"],
    ["a text that is not there", "a5"],
    ["a float that is not there", "cb00"],
    ["an extension that is not there", "d8"],
    ["nothing", ""],
  ])("are refused without taking memory: %s", (_, hex) => {
    const grown = heapGrowth(() => {
      for (let i = 0; i < 20; i++) {
        expect(() => decodeStructure(bytes(hex))).toThrow(isTroupeError("PROTOCOL"));
      }
    });
    expect(grown).toBeLessThan(MANY);
  });

  test.each([
    ["arrays", "91"],
    ["maps", "8101"],
    ["Maps", "d46d0092c0"],
    ["Sets", "d4730091"],
    ["causes", "d46e0093a145a0"],
  ])("are refused when %s nest without end", (_, level) => {
    const deep = bytes(`${level.repeat(100_000)}c0`);
    expect(() => decodeStructure(deep)).toThrow(isTroupeError("PROTOCOL", "nested too deep"));
  });

  test.each([
    ["the token nobody uses", "c1"],
    ["a record definition", "d4724091a161"],
    ["a record definition with an id of two bytes", "d572400091a161"],
    ["a bundle of texts", "c7046200000000c0"],
    ["a structured clone's id", "d66900000000c0"],
    ["a structured clone's pointer", "d67000000000"],
    ["a regular expression, which would be compiled", "d4780092a128a0"],
    ["an extension there is not", "d40100"],
    ["a timestamp's neighbour", "d4fe00"],
    ["a Map of something else than an array", "d46d00a161"],
    ["a Map whose header has two bytes", "d56d000090"],
    ["a Map in the long form", "c7016d0090"],
    ["a Set of something else than an array", "d4730080"],
    ["a Set of nothing", "d47300"],
    ["an Error as msgpackr has it", "d4650093a5457272a178c0"],
    ["an Error without a name", error("c0")],
    ["an Error whose name is an object", error("8161787a")],
    ["an Error of an empty array", "d46e0090"],
    ["an array of an element kind there is not", "c702740c00"],
    ["an array of numbers without a kind", "c70074"],
    ["an array of numbers cut in the middle of one", "c7047405000000"],
    ["a BigInt of no bytes", "c70042"],
    ["two values", "0101"],
    ["a map whose key is a map", "818001c0"],
  ])("are refused: %s", (_, hex) => {
    expect(() => decodeStructure(bytes(hex))).toThrow(isTroupeError("PROTOCOL"));
  });

  test.each([
    ["a list of a million values and one", "dd000f4241", 1_000_001],
    ["a map of half a million entries and one", "df0007a121", 1_000_002],
    ["a list of empty lists", "dd000f4240", 1_000_000],
  ])(
    "are refused beyond a million values, however many bytes they have: %s",
    (what, head, count) => {
      const value = what.endsWith("lists") ? 0x91 : 0xc0;
      const body = new Uint8Array(2 * count).fill(value).fill(0xc0, count);
      const end = value === 0x91 ? body : body.subarray(0, count);
      expect(() => decodeStructure(Buffer.concat([bytes(head), end]))).toThrow(
        isTroupeError("PROTOCOL", "more than 1000000 values"),
      );
    },
  );

  test.each(["valueOf", "constructor", "toString", "__proto__", "__defineGetter__", "globalThis"])(
    "give an Error and nothing else for an Error that is called %s",
    (name) => {
      const value = decodeStructure(bytes(named(name))) as Error;
      expect(Object.getPrototypeOf(value)).toBe(Error.prototype);
      expect([value.name, value.message]).toEqual([name, "x"]);
    },
  );

  test("never throw anything but PROTOCOL, whatever they are", () => {
    const rubbish = fc.uint8Array({ maxLength: 60 });
    const token = fc.constantFrom(0x81, 0x92, 0xc7, 0xd4, 0xd5, 0xd8, 0xdc, 0xde, 0x72, 0x62, 0x65);
    const worse = fc.array(
      fc.oneof(token, fc.constantFrom(0x6d, 0x73, 0x74, 0x42, 0xff), fc.nat(255)),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          rubbish,
          worse.map((list) => Uint8Array.from(list)),
        ),
        (hostile) => {
          try {
            decodeStructure(hostile);
          } catch (thrown) {
            expect(thrown).toEqual(isTroupeError("PROTOCOL"));
          }
        },
      ),
      { numRuns: 5000 },
    );
  });

  test("that were cut or changed in one byte give some value or PROTOCOL, and no other harm", () => {
    const honest = encodeStructure({
      list: [1, -1, 1.5, "text", null, undefined, new Date(5), 2n ** 70n],
      map: new Map([[new Set([1]), new Error("e")]]),
      bytes: Buffer.from("bytes"),
      numbers: new Float64Array(2),
    });
    for (let at = 0; at < honest.length; at++) {
      expect(() => decodeStructure(honest.subarray(0, at))).toThrow(isTroupeError("PROTOCOL"));
      for (let value = 0; value < 256; value++) {
        const changed = Uint8Array.from(honest);
        changed[at] = value;
        try {
          decodeStructure(changed);
        } catch (thrown) {
          expect(thrown).toEqual(isTroupeError("PROTOCOL"));
        }
      }
    }
    expect(decodeStructure(honest)).toHaveProperty(["list", 3], "text");
  });
});
