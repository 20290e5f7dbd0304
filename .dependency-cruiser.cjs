// The import rules of docs/architecture.md. Each is shown to bite by test/house/floors.test.ts.

/** A file imports from its own floor or a lower one. */
const floors = [
  ["errors\\.ts", "bytes/", "crypto/", "async/"],
  ["session/", "frame/", "channel/"],
  ["connection/"],
  ["streams/"],
  ["peer/"],
  ["mesh/", "observe/"],
  ["gateway/", "registry/", "flatend/", "(index|browser|exports)\\.ts"],
  ["cli/"],
].map((names) => `^src/(${names.join("|")})`);

const { imports } = require("./package.json");
/** Where a #seam leads outside Node: only a browser's bundler goes there. */
const elsewhere = Object.values(imports).map(
  (seam) => `^${seam["troupe-source"].replace("./", "").replace(".node.ts", "\\.ts$")}`,
);
const nodeFile = "\\.node\\.ts$";
/** Everything else may come to run in a browser. */
const onlyInNode = [nodeFile, "^src/(gateway|registry|flatend|cli)/", "^src/index\\.ts$"];

const upward = floors.slice(0, -1).map((floor, i) => ({
  name: `floor-${i}-looks-up`,
  comment: "A file imports from its own floor or a lower one.",
  severity: "error",
  from: { path: floor },
  to: { path: floors.slice(i + 1) },
}));

const apart = (name, folder, parts) => ({
  name,
  comment: "Siblings on one floor that must stay strangers; the floor above composes them.",
  severity: "error",
  from: { path: `^src/${folder}(${parts})/` },
  to: { path: `^src/${folder}(${parts})/`, pathNot: `^src/${folder}$1/` },
});

const only = (name, pkg, where) => ({
  name: `only-${name}`,
  comment: "One owner for each package, so that it can be replaced in one place.",
  severity: "error",
  from: { path: "^src/", pathNot: where },
  to: { path: `(^|node_modules/)(@types/)?${pkg}(/|$)` },
});

module.exports = {
  forbidden: [
    ...upward,
    {
      name: "on-a-floor",
      comment: "A new folder in src/ must be put on a floor first.",
      severity: "error",
      from: {},
      to: { path: "^src/", pathNot: floors },
    },
    { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
    apart("session-frame-channel-apart", "", "session|frame|channel"),
    apart("dialects-apart", "connection/", "native|roletalk|flatend"),
    apart("products-apart", "", "gateway|registry|flatend"),
    {
      name: "node-only-by-name",
      comment: "node: modules below floor 6 live in *.node.ts, which browsers never load.",
      severity: "error",
      from: { path: "^src/", pathNot: onlyInNode },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "node-through-the-seam",
      comment: "A *.node.ts file is reached by #name, so that a browser gets its sibling.",
      severity: "error",
      from: { path: "^src/", pathNot: onlyInNode },
      to: { path: nodeFile, dependencyTypesNot: ["aliased-subpath-import"] },
    },
    {
      name: "sans-io",
      comment: "Bytes in, bytes out: no channel, no clock, no random of their own.",
      severity: "error",
      from: { path: "^src/(session|frame|mesh/kademlia)/" },
      to: { path: ["^src/channel/", "^src/async/(clock|deadlines|timer-wheel)"] },
    },
    only("ws", "ws", "^src/channel/(ws|listen|dial)\\.node\\.ts$"),
    only("noble", "@noble", "^src/crypto/"),
    only("msgpackr", "msgpackr", "^src/frame/structure\\.ts$"),
    only("eventemitter3", "eventemitter3", "^src/async/emitter\\.ts$"),
    {
      name: "entries-are-doors",
      comment: "index.ts and browser.ts name what is public; inside, import the file itself.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/cli/" },
      to: { path: "^src/(index|browser)\\.ts$" },
    },
    {
      name: "exports-by-entries",
      comment:
        "What is public is listed for index.ts and browser.ts; inside, import the file itself.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(index|browser)\\.ts$" },
      to: { path: "^src/exports\\.ts$" },
    },
    {
      name: "no-orphan",
      comment: "A file that nobody imports is no part of the product.",
      severity: "error",
      from: { orphan: true, path: "^src/", pathNot: ["^src/(index|browser)\\.ts$", ...elsewhere] },
      to: {},
    },
    {
      name: "not-to-unlisted",
      comment: "src/ imports what package.json names in dependencies.",
      severity: "error",
      from: { path: "^src/" },
      to: {
        dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"],
        pathNot: "node_modules/@types/",
      },
    },
    {
      name: "resolves",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "not-to-test",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|bench|examples|docs)/" },
    },
    {
      name: "by-its-name",
      comment: 'What users read imports "troupe", as they will.',
      severity: "error",
      from: { path: "^examples/" },
      to: { path: "^src/", pathNot: "^src/index\\.ts$" },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true, // type-only imports are architecture too
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(dist|docs/api)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["troupe-source", "import", "node", "default", "types"],
    },
  },
};
