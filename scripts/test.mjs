// `npm test` installs what is missing, runs every check, and ends with the line "N passed, N failed".
// `npm test -- --only unit,browser` runs only some checks.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { ensureChromium } from "./browser.mjs";
import { ensureInstalled } from "./install.mjs";
import { endChildrenOnSignals, root, run, tool } from "./run.mjs";

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {(timeoutMs: number) => Promise<import("./run.mjs").Outcome>} Command */

/** All steps together take less than half of this on two quiet cores; a busy machine must not fail for being slow. */
const budgetMs = 25 * 60_000;
/** The same where long tests are among them. */
const longBudgetMs = 28 * 60_000;
const reportFolder = join(root, "test-results");

/** Runs several commands, each of which counts as one check. @param {...Command} commands */
function checks(...commands) {
  return async (/** @type {number} */ timeoutMs) => {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const command of commands) {
      const { code, timedOut } = await command(timeoutMs);
      if (timedOut) console.error(`Stopped after ${timeoutMs / 1000} s.`);
      if (code === 0 && !timedOut) counts.passed++;
      else counts.failed++;
    }
    return counts;
  };
}

/** Runs a Vitest project and counts its tests. @param {string} project */
function vitest(project) {
  return async (/** @type {number} */ timeoutMs) => {
    const report = join(reportFolder, `${project}.json`);
    const args = ["run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const { code, timedOut } = await tool("vitest", args, { timeoutMs });
    if (timedOut) console.error(`Stopped after ${timeoutMs / 1000} s.`);
    return countTests(report, code !== 0 || timedOut);
  };
}

/** What failed, for the end of the output: the middle of a long log is where nobody looks. @type {string[]} */
const failures = [];

/**
 * A run that crashed, a file that could not be loaded or set up, and a project without tests each count as a failure.
 * Otherwise zero tests would look like success.
 * @param {string} report
 * @param {boolean} crashed
 * @returns {Counts}
 */
function countTests(report, crashed) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    const result = JSON.parse(readFileSync(report, "utf8"));
    counts.passed = result.numPassedTests;
    counts.failed = result.numFailedTests;
    counts.skipped = result.numPendingTests + result.numTodoTests;
    for (const file of result.testResults) {
      /** @type {{ status: string, fullName: string, failureMessages: string[] }[]} */
      const failed = file.assertionResults.filter((/** @type {{ status: string }} */ test) => test.status === "failed");
      for (const { fullName, failureMessages } of failed) noteFailure(file.name, fullName, failureMessages.join("\n"));
      if (file.status !== "failed" || failed.length > 0) continue;
      counts.failed++;
      noteFailure(file.name, "the file as a whole", file.message ?? "");
    }
  } catch {
    console.error("The test runner has written no report.");
  }
  if (counts.failed === 0 && (crashed || counts.passed === 0)) {
    console.error(crashed ? "The test runner failed as a whole." : "No test ran.");
    counts.failed = 1;
  }
  return counts;
}

/** @param {string} file absolute. @param {string} test @param {string} message with the stack, of which the lines in tests are told */
function noteFailure(file, test, message) {
  const lines = message.split("\n").map((line) => line.trim());
  const told = [lines[0] ?? "", ...lines.slice(1).filter((line) => line.includes("/tests/"))].slice(0, 4);
  failures.push(`✗ ${relative(root, file)} > ${test}${told.map((line) => `\n    ${line.slice(0, 300)}`).join("")}`);
}

/** @type {Command} */
const buildLibrary = (timeoutMs) => run(process.execPath, [join(root, "scripts", "build-lib.mjs")], { timeoutMs });

/** @type {Command} */
const checkBudgets = (timeoutMs) => run(process.execPath, [join(root, "scripts", "budgets.mjs")], { timeoutMs });

/** @type {Record<string, { title: string, limitMs: number, needs?: "build", isLong?: boolean, run: (timeoutMs: number) => Promise<Counts> }>} */
const steps = {
  types: {
    title: "Types",
    limitMs: 180_000,
    run: checks((timeoutMs) => tool("typescript", ["-b"], { timeoutMs })),
  },
  lint: {
    title: "Lint",
    limitMs: 120_000,
    run: checks((timeoutMs) => tool("oxlint", ["--type-aware", "--deny-warnings"], { timeoutMs })),
  },
  format: {
    title: "Format",
    limitMs: 60_000,
    run: checks((timeoutMs) => tool("oxfmt", ["--check"], { timeoutMs })),
  },
  deadcode: {
    title: "Dead code",
    limitMs: 60_000,
    run: checks((timeoutMs) => tool("knip", [], { timeoutMs })),
  },
  unit: { title: "Unit tests", limitMs: 720_000, run: vitest("unit") },
  build: {
    title: "Build: page, test harness, library",
    limitMs: 120_000,
    run: checks(
      (timeoutMs) => tool("vite", ["build", "--logLevel", "warn"], { timeoutMs }),
      (timeoutMs) => tool("vite", ["build", "--logLevel", "warn", "--mode", "harness"], { timeoutMs }),
      buildLibrary,
    ),
  },
  budgets: { title: "Size budgets", limitMs: 60_000, needs: "build", run: checks(checkBudgets) },
  browser: { title: "Browser tests", limitMs: 900_000, needs: "build", run: vitest("browser") },
  e2e: { title: "End-to-end tests", limitMs: 720_000, needs: "build", run: vitest("e2e") },
  long: { title: "Long tests", limitMs: 1_500_000, isLong: true, run: vitest("long") },
  "long-browser": {
    title: "Long browser tests",
    limitMs: 1_500_000,
    needs: "build",
    isLong: true,
    run: vitest("long-browser"),
  },
};

/** @param {readonly string[]} args @returns {Set<string>} names of steps */
function selectedSteps(args) {
  const at = args.indexOf("--only");
  if (at < 0 && args.length === 0) return new Set(Object.keys(steps).filter((name) => steps[name]?.isLong !== true));
  const names = at === 0 && args.length === 2 ? (args[1] ?? "").split(",") : [];
  if (names.length === 0 || names.some((name) => !(name in steps))) {
    console.error(`Expected --only with some of ${Object.keys(steps).join(",")}, received ${args.join(" ")}`);
    process.exit(2);
  }
  const selected = new Set(names);
  // Don't test a stale build.
  if (names.some((name) => steps[name]?.needs === "build")) selected.add("build");
  return selected;
}

endChildrenOnSignals();

// Some tools colour their output for CI even if it goes to a file, which is read as text.
if (!process.stdout.isTTY && !process.env["FORCE_COLOR"]) process.env["NO_COLOR"] = "1";

const selected = selectedSteps(process.argv.slice(2));
await ensureInstalled();
rmSync(reportFolder, { recursive: true, force: true });
mkdirSync(reportFolder, { recursive: true });

const startMs = Date.now();
const total = { passed: 0, failed: 0, skipped: 0 };
const summary = [];
let isBuilt = true;
const allowedMs = selected.has("long") ? longBudgetMs : budgetMs;
for (const [name, step] of Object.entries(steps)) {
  if (!selected.has(name)) continue;
  console.log(`\n── ${step.title} ${"─".repeat(Math.max(0, 70 - step.title.length))}\n`);
  const stepStartMs = Date.now();
  /** @type {Counts} */
  let counts = { passed: 0, failed: 1, skipped: 0 };
  const remainingMs = allowedMs - (stepStartMs - startMs);
  if (step.needs === "build" && !isBuilt) {
    console.error("Not run: the build failed.");
  } else if (remainingMs <= 0) {
    console.error(`Not run: the other steps took all ${allowedMs / 60_000} minutes.`);
  } else {
    try {
      if (step.needs === "build") process.env["SHARDER_CHROMIUM"] = await ensureChromium();
      counts = await step.run(Math.min(step.limitMs, remainingMs));
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
    }
  }
  if (name === "build") isBuilt = counts.failed === 0;
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  const seconds = ((Date.now() - stepStartMs) / 1000).toFixed(1);
  summary.push(`${counts.failed > 0 ? "✗" : "✓"} ${step.title}: ${sentence(counts)} (${seconds} s)`);
}

/** @param {Counts} counts */
function sentence({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

if (failures.length > 0) console.log(`\n── Failed ${"─".repeat(64)}\n\n${failures.join("\n")}`);
console.log(`\n── Summary ${"─".repeat(63)}\n\n${summary.join("\n")}\n\n${sentence(total)}`);
process.exitCode = total.failed > 0 ? 1 : 0;
