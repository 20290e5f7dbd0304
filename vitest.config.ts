import { defineConfig, type ViteUserConfig } from "vitest/config";
import { SummaryReporter } from "./.ci/summary-reporter.ts";

const seconds = 1000;
const minutes = 60 * seconds;

const config: ReturnType<typeof defineConfig> = defineConfig(({ mode }): ViteUserConfig => {
  const long = mode === "long"; // `npm run test:long`
  return {
    // Without the first, tests would run against the last build instead of src/.
    ssr: { resolve: { conditions: ["troupe-source", "module", "node", "development|production"] } },
    test: {
      include: [long ? "test/**/*.long.ts" : "test/**/*.test.ts"],
      reporters: ["default", new SummaryReporter(long ? "long" : "test")],
      pool: "forks",
      maxWorkers: "100%",
      // Long tests measure memory and load: one file at a time.
      fileParallelism: !long,
      testTimeout: long ? 20 * minutes : 10 * seconds,
      hookTimeout: long ? 2 * minutes : 10 * seconds,
    },
  };
});

export default config;
