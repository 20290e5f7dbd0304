import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const noThis = [
  {
    selector:
      "CallExpression[callee.property.name=/^(call|apply)$/][arguments.0.type='ThisExpression']",
    message: "A helper that needs `this` is a method, or takes what it needs by name.",
  },
  {
    selector: "FunctionDeclaration > Identifier[name='this']",
    message: "No `this` parameters: name what the function works on.",
  },
];
const noRandom = { object: "Math", property: "random", message: "Randomness is passed in." };
const noNow = { object: "Date", property: "now", message: "Time is passed in." };
const noToday = {
  selector: "NewExpression[callee.name='Date'][arguments.length=0]",
  message: "Time is passed in.",
};

// Only what needs types, and some bans of our own; everything else is Biome's.
export default defineConfig(
  {
    files: ["{src,test,bench,examples}/**/*.ts"],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/return-await": ["error", "in-try-catch"],
      "no-restricted-syntax": ["error", ...noThis],
    },
  },
  {
    files: ["{src,test}/**/*.ts"],
    rules: {
      "no-restricted-properties": ["error", noRandom],
    },
  },
  {
    // Bytes in, bytes out.
    files: ["src/{session,frame,mesh/kademlia}/**/*.ts"],
    rules: {
      "no-restricted-properties": ["error", noRandom, noNow],
      "no-restricted-syntax": ["error", ...noThis, noToday],
    },
  },
  {
    // Not in tests: vitest's matchers and parsed JSON are `any`.
    files: ["src/**/*.ts"],
    rules: {
      "@typescript-eslint/unbound-method": "error",
      "@typescript-eslint/no-unsafe-argument": "error",
      "@typescript-eslint/no-unsafe-assignment": "error",
      "@typescript-eslint/no-unsafe-return": "error",
    },
  },
);
