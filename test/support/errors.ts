import { expect } from "vitest";
import { type ErrorCode, TroupeError } from "../../src/errors.ts";

/**
 * For `toThrow`, `rejects.toThrow` and `toEqual`: any TroupeError of this code whose message contains
 * `text`.
 */
export const isTroupeError = (code: ErrorCode, text = ""): TroupeError =>
  expect.toSatisfy(
    (value: unknown) =>
      value instanceof TroupeError && value.code === code && value.message.includes(text),
    `a TroupeError ${code} "${text}"`,
  );
