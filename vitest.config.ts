import { defineConfig } from "vitest/config";
import { alias } from "./vite.config.js";

/**
 * Browser and end-to-end tests run one file at a time: each drives a Chromium whose workers take every core, and
 * what they assert of throughput must not depend on what else is running.
 */
const inBrowser = {
  environment: "node",
  globalSetup: "tests/harness/global-setup.ts",
  fileParallelism: false,
  // What the files of a project import is read once for all of them: it keeps no state that one could find changed by another.
  isolate: false,
  // A worker's first run on software WebGPU compiles its shaders for seconds.
  testTimeout: 120_000,
  // What is awaited comes within a second on a quiet machine.
  expect: { poll: { timeout: 20_000 } },
  hookTimeout: 120_000,
} as const;

const inNode = { environment: "node", setupFiles: ["tests/harness/keep-signal-listeners.ts"] };

/** Quick tests in Node. */
const unit = {
  ...inNode,
  // By default one core stays idle, which is half of a machine of two.
  maxWorkers: "100%",
  // No test asserts how fast the machine is, and a busy one must not fail for being slow.
  testTimeout: 30_000,
} as const;

/** Files that share no modules with others. */
const alone = [
  // They start or change TF.js's backends, of which there is one set for all that share their modules.
  "tests/unit/workers/{recurrences/**,tfjs-engine,wasm-memory}.test.ts",
  "tests/unit/scripts/export.test.ts",
  // Frozen states make the dispatcher slow for all that run in the same realm afterwards.
  "tests/unit/{simulator/simulate,core/untouched-items}.test.ts",
];

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          ...unit,
          name: "unit",
          // Loading TF.js for each file anew would take more than a third of the time.
          isolate: false,
          setupFiles: [...unit.setupFiles, "tests/harness/leave-no-trace.ts"],
          include: ["tests/unit/**/*.test.ts", "tests/types/**/*.test.ts"],
          exclude: alone,
        },
      },
      { resolve: { alias }, test: { ...unit, name: "unit-alone", include: alone } },
      {
        resolve: { alias },
        test: {
          ...inNode,
          name: "long",
          // Of the others that are listed, the quick tests run a part.
          include: [
            "tests/long/*.test.ts",
            "tests/unit/model/fuzz.test.ts",
            "tests/unit/model/odd-objects.test.ts",
            "tests/unit/model/cut/public-models.test.ts",
            "tests/unit/model/translate/well-formed.test.ts",
          ],
          env: { SHARDER_WHOLE: "1" },
          fileParallelism: false,
        },
      },
      {
        test: {
          ...inBrowser,
          name: "long-browser",
          // Of the others that are listed, the quick tests run a part.
          include: ["tests/long/browser/**/*.test.ts", "tests/browser/{fuzz,conformance}.test.ts"],
          env: { SHARDER_WHOLE: "1" },
        },
      },
      {
        resolve: { alias },
        test: {
          ...inNode,
          name: "servers",
          include: ["tests/remote/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      { test: { ...inBrowser, name: "remote", include: ["tests/remote/browser/**/*.test.ts"] } },
      { test: { ...inBrowser, name: "browser", include: ["tests/browser/**/*.test.ts"] } },
      { test: { ...inBrowser, name: "e2e", include: ["tests/e2e/**/*.test.ts"] } },
    ],
  },
});
