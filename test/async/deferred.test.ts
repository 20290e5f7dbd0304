import { expect, test } from "vitest";
import { defer } from "../../src/async/deferred.ts";

test("a deferred settles as it is told, and only once", async () => {
  const [kept, broken] = [defer<string>(), defer<string>()];
  kept.resolve("first");
  kept.resolve("second");
  broken.reject(new Error("first"));
  broken.resolve("second");
  expect(await kept.promise).toBe("first");
  await expect(broken.promise).rejects.toThrow("first");
});
