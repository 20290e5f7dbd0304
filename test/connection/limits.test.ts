import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, withDefaults } from "../../src/connection/limits.ts";
import {
  codeForRemote,
  isUnstarted,
  remoteError,
  unstartedDetails,
} from "../../src/connection/remote-code.ts";
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

  test("may say that the request was not started, which is not shown, nor passed on", () => {
    const said = remoteError("OVERLOADED", "later", unstartedDetails({ retryAfter: 5 }));
    expect([said.code, said.details, isUnstarted(said)]).toEqual([
      "OVERLOADED",
      { retryAfter: 5 },
      true,
    ]);
    const passedOn = remoteError(said.code, said.message, encodePayload(said.details));
    expect([passedOn.code, isUnstarted(passedOn)]).toEqual(["OVERLOADED", false]);
    expect(remoteError("NO_ROLE", "none", unstartedDetails(undefined)).details).toBeUndefined();
  });

  test.each(["BAD_ARGUMENT", "NOT_DELIVERED", "OUTCOME_UNKNOWN"])(
    "is %s only of a request that was not started, for no handler says that",
    (code) => {
      expect(remoteError(code, "", unstartedDetails(undefined)).code).toBe(code);
      expect(remoteError(code, "", encodePayload({ seats: 0 })).code).toBe("REJECTED");
      expect(remoteError("TIMEOUT", "", unstartedDetails(undefined)).code).toBe("REJECTED");
    },
  );
});
