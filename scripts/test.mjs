// `npm test` installs what is missing, runs every check, and ends with the line "N passed, N failed".
// `npm test -- --only unit,browser` runs only some checks.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureChromium } from "./browser.mjs";
import { ensureInstalled } from "./install.mjs";
import { ensureEnvironments, whyNotReady } from "./remote/environments.mjs";
import { ensureNginx, findNginx } from "./remote/nginx.mjs";
import { endChildrenOnSignals, root, run, tool } from "./run.mjs";
import { failures, reportFolder, unsteady, vitest } from "./vitest.mjs";

/** @typedef {import("./vitest.mjs").Counts} Counts */
/** @typedef {(timeoutMs: number) => Promise<import("./run.mjs").Outcome>} Command */

/** All steps together take less than half of this on two quiet cores; a busy machine must not fail for being slow. */
const budgetMs = 25 * 60_000;
/** The same where long tests are among them. */
const longBudgetMs = 29 * 60_000;

/** Each server's packages come in a minute where the network is quick. */
const INSTALL_MS = 300_000;

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

/** @type {Command} */
const buildLibrary = (timeoutMs) => run(process.execPath, [join(root, "scripts", "build-lib.mjs")], { timeoutMs });

/** @type {Command} */
const checkBudgets = (timeoutMs) => run(process.execPath, [join(root, "scripts", "budgets.mjs")], { timeoutMs });

/** Real servers in short, where they are at hand: nothing is installed for it. @param {number} timeoutMs */
async function testServers(timeoutMs) {
  const why = findNginx() === undefined ? "there is no nginx: npm run test:remote installs it" : await whyNotReady();
  if (why === undefined) return vitest("servers")(timeoutMs);
  console.log(`Skipped: ${why}.`);
  return { passed: 0, failed: 0, skipped: 1 };
}

/** Real servers, in a real browser; all that is missing is installed. @param {number} timeoutMs */
async function testRemote(timeoutMs) {
  const startMs = Date.now();
  await ensureNginx();
  await ensureEnvironments(INSTALL_MS);
  const servers = await vitest("servers")(timeoutMs - (Date.now() - startMs));
  const remote = await vitest("remote", true)(timeoutMs - (Date.now() - startMs));
  const sum = (/** @type {keyof Counts} */ key) => servers[key] + remote[key];
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}

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
  unit: { title: "Unit tests", limitMs: 720_000, run: vitest("unit*") },
  servers: { title: "Model servers", limitMs: 120_000, run: testServers },
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
  browser: { title: "Browser tests", limitMs: 900_000, needs: "build", run: vitest("browser", true) },
  e2e: { title: "End-to-end tests", limitMs: 720_000, needs: "build", run: vitest("e2e", true) },
  remote: { title: "Model servers in a browser", limitMs: 1_020_000, needs: "build", isLong: true, run: testRemote },
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

const told = [...unsteady, ...failures];
if (told.length > 0) console.log(`\n── Failed ${"─".repeat(64)}\n\n${told.join("\n")}`);
console.log(`\n── Summary ${"─".repeat(63)}\n\n${summary.join("\n")}\n\n${sentence(total)}`);
process.exitCode = total.failed > 0 ? 1 : 0;
