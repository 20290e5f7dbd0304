import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, withDefaults } from "../../src/connection/limits.ts";
import { codeForRemote, remoteError } from "../../src/connection/remote-code.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { isTroupeError } from "../support/errors.ts";

describe("limits and timeouts", () => {
  test("are the defaults, and what is given goes over them", () => {
    expect(withDefaults("limits", DEFAULT_LIMITS, undefined)).toEqual(DEFAULT_LIMITS);
    expect(withDefaults("timeouts", DEFAULT_TIMEOUTS, { heartbeat: 5 })).toEqual({
      ...DEFAULT_TIMEOUTS,
      heartbeat: 5,
    });
    const unset = { requests: undefined } as unknown as Partial<typeof DEFAULT_LIMITS>;
    expect(withDefaults("limits", DEFAULT_LIMITS, unset)).toEqual(DEFAULT_LIMITS);
  });

  test.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "5", null])(
    "are whole numbers above 0, not %s",
    (value) => {
      const given = { requests: value } as unknown as Partial<typeof DEFAULT_LIMITS>;
      expect(() => withDefaults("limits", DEFAULT_LIMITS, given)).toThrow(
        isTroupeError("BAD_ARGUMENT", "limits.requests must be a whole number above 0"),
      );
    },
  );

  test("of an unknown name are refused, naming those there are", () => {
    const given = { request: 5 } as unknown as Partial<typeof DEFAULT_LIMITS>;
    expect(() => withDefaults("limits", DEFAULT_LIMITS, given)).toThrow(
      isTroupeError("BAD_ARGUMENT", "limits.request is unknown; there are handshakeBytes"),
    );
  });
});

describe("a code from afar", () => {
  test.each(["NO_EVENT", "OVERLOADED", "NOT_ALLOWED"] as const)(
    "is kept when it is a handler's: %s",
    (code) => {
      expect(codeForRemote(code)).toBe(code);
    },
  );

  test.each(["TIMEOUT", "CANCELLED", "DISCONNECTED", "WRONG_KEY", "PROTOCOL", "", "toString"])(
    "is REJECTED when it is not for a handler to say: %j",
    (code) => {
      expect(codeForRemote(code)).toBe("REJECTED");
    },
  );

  test("comes with details, if there are any", () => {
    const error = remoteError("REJECTED", "no", encodePayload({ seats: 0 }));
    expect(error.details).toEqual({ seats: 0 });
    expect(remoteError("REJECTED", "no", encodePayload(null)).details).toBeUndefined();
  });
});
