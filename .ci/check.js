// Everything that must hold before a change goes in: `npm run check`. Stops at the first failure.
import { spawnSync } from "node:child_process";

const steps = {
  lint: "npm run --silent lint",
  types: "tsc",
  tests: "npm test --silent",
  docs: "npm run --silent docs",
  build: "npm run --silent build",
  "browser bundle": "size-limit",
  package: "node .ci/package.js",
};

for (const [name, command] of Object.entries(steps)) {
  console.log(`\n== ${name}: ${command}`);
  const start = performance.now();
  const { status } = spawnSync(command, { shell: true, stdio: "inherit" });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (status !== 0) {
    console.error(`\n== ${name} failed after ${seconds} s`);
    process.exit(1);
  }
  console.log(`== ${name} holds (${seconds} s)`);
}
