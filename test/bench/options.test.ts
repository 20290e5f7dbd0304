import { describe, expect, it } from "vitest";
import { BENCH_NAMES } from "../../bench/benches.ts";
import { parseOptions } from "../../bench/options.ts";

describe("options of the bench", () => {
  it("run everything when nothing is named", () => {
    expect(parseOptions([]).benches).toEqual(BENCH_NAMES);
  });

  it("leave out what none of the subjects takes part in", () => {
    const { benches } = parseOptions(["--subjects", "ws,wss"]);
    expect(benches).toContain("stream-up");
    expect(benches).not.toContain("streams-small");
  });

  it("say so when that leaves nothing", () => {
    expect(() => parseOptions(["--only", "stream-up", "--subjects", "ws-batched"])).toThrow(
      "--only stream-up: nothing that ws-batched takes part in",
    );
  });
});
