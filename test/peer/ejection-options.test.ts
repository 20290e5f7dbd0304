import { expect, it } from "vitest";
import { checkEjection, type EjectionOptions } from "../../src/peer/ejection-options.ts";
import { isTroupeError } from "../support/errors.ts";

const DEFAULTS = { failures: 5, time: 5000, share: 0.5 };

it("is on where nothing is said, and off where that is said", () => {
  expect(checkEjection("ejection", undefined)).toEqual(DEFAULTS);
  expect(checkEjection("ejection", {})).toEqual(DEFAULTS);
  expect(checkEjection("ejection", false)).toBeUndefined();
});

it("takes what is named, and has a default for the rest", () => {
  const given = { failures: 1, time: 0.5, share: undefined };
  expect(checkEjection("ejection", given)).toEqual({ failures: 1, time: 0.5, share: 0.5 });
  expect(checkEjection("ejection", { share: 1 })).toEqual({ ...DEFAULTS, share: 1 });
});

it.each([
  [{ failures: 0 }, "ejection.failures must be a whole number from 1 to 1000, not 0"],
  [{ failures: 1001 }, "ejection.failures"],
  [{ failures: 1.5 }, "ejection.failures"],
  [{ failures: "5" }, "ejection.failures"],
  [{ time: 0 }, "ejection.time must be milliseconds above 0, not 0"],
  [{ time: Number.POSITIVE_INFINITY }, "ejection.time"],
  [{ time: Number.NaN }, "ejection.time"],
  [{ time: "5 s" }, "ejection.time"],
  [{ share: 0 }, "ejection.share must be above 0 and at most 1, not 0"],
  [{ share: 1.01 }, "ejection.share"],
  [{ share: Number.NaN }, "ejection.share"],
  [{ after: 5 }, "ejection.after is unknown; there are failures, time, share"],
  [true, "ejection must be false or an object, not true"],
  [null, "ejection must be false or an object, not null"],
  [5, "ejection must be"],
])("refuses %j, and says what it must be", (options, text) => {
  const check = (): unknown => checkEjection("ejection", options as EjectionOptions);
  expect(check).toThrow(isTroupeError("BAD_ARGUMENT", text));
});
