import { readFileSync } from "node:fs";

const { imports } = JSON.parse(readFileSync("package.json", "utf8"));
/** What a #seam leads to outside Node: nobody here imports it, a browser's bundler does. */
const seams = Object.values(imports).map((seam) =>
  seam["troupe-source"].replace("./", "").replace(".node.ts", ".ts"),
);

export default {
  entry: [
    "src/{index,browser}.ts",
    ...seams,
    "test/**/*.{test,long,child}.ts",
    "bench/child.ts",
    "examples/*/*.ts",
    ".ci/*.js",
  ],
  project: ["{src,test,bench,examples,.ci}/**/*.{ts,js}"],
  ignoreDependencies: [
    "@arethetypeswrong/cli", // a program that .ci/package.js starts
    "publint", // the same
  ],
  ignoreBinaries: ["taskset"], // of Linux; the bench does without elsewhere
};
