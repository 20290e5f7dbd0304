// Checks the package as users will get it: packs dist/ as it is, lints the tarball, and uses it from
// an empty project by `import` and by `require`.
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
const temporary = mkdtempSync(join(tmpdir(), "troupe-package-"));
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));

// Without scripts: `prepare` would build once more.
run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", temporary]);
const [tarball] = readdirSync(temporary).map((name) => join(temporary, name));

run("publint", ["run", tarball, "--strict"]);
run("attw", [tarball, "--profile", "esm-only", "--no-emoji"]);

// Only what the package says it depends on is there for it, at the locked versions.
const project = join(temporary, "project");
const installed = join(project, "node_modules", "troupe");
mkdirSync(installed, { recursive: true });
run("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
for (const name of [...Object.keys(dependencies), "@types/node"]) {
  const link = join(project, "node_modules", name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(resolve("node_modules", name), link, "junction");
}

const call = `
  const bob = new Peer();
  bob.role("greeter").onRequest("hello", (ctx) => "Hello, " + ctx.data + "!");
  await bob.listen({ port: 0, host: "127.0.0.1" });
  const alice = new Peer();
  await alice.connect("ws://127.0.0.1:" + bob.port);
  const { data } = await alice.destination("greeter").request("hello", how);
  console.log(data);
  await Promise.all([alice.close(), bob.close()]);`;
const byImport = `import { Peer } from "troupe"; const how = "import"; ${call}`;
const byRequire = `const { Peer } = require("troupe"); const how = "require"; (async () => {${call}})();`;
run(process.execPath, ["--input-type=module", "-e", byImport], { cwd: project });
run(process.execPath, ["--input-type=commonjs", "-e", byRequire], { cwd: project });

// Our declarations may lean on nothing that a user does not have: in Node its types, in browsers not even those.
writeFileSync(join(project, "main.mts"), byImport);
const read = `import { Peer } from "troupe";
  const stream: ReadableStream<Uint8Array> = new Peer().destination("x").readable("y");`;
writeFileSync(join(project, "page.mts"), read);
const tsc = [resolve("node_modules/typescript/bin/tsc"), "--noEmit", "--strict"];
const node = ["--target", "es2023", "--module", "nodenext"];
run(process.execPath, [...tsc, ...node, "main.mts"], { cwd: project });
rmSync(join(project, "node_modules", "@types"), { recursive: true });
const page = ["--target", "es2023", "--module", "esnext", "--moduleResolution", "bundler"];
run(process.execPath, [...tsc, ...page, "--customConditions", "browser", "page.mts"], {
  cwd: project,
});

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, {
    stdio: "inherit",
    timeout: 60_000,
    ...options,
  });
  if (status === 0) return;
  console.error(`failed: ${command} ${args.join(" ")}`, error ?? "");
  process.exit(1);
}
