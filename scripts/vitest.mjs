// Runs the projects of Vitest, and counts what their reports say.
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root, tool } from "./run.mjs";

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ file: string, title: string, message: string }} Failure title: with those of its groups; "" stands for the file */
/** @typedef {{ counts: Counts, failures: Failure[] }} Result */

export const reportFolder = join(root, "test-results");

/** More failures than these in one project are no accident of timing. */
const MAX_RUN_AGAIN = 3;

/** What failed, for the end of the output: the middle of a long log is where nobody looks. @type {string[]} */
export const failures = [];
/** What failed and then passed: each is a fault of a test or of the product that shows at some timings alone, and is to be mended. @type {string[]} */
export const unsteady = [];

/**
 * Runs a Vitest project and counts its tests.
 * @param {string} project its name, or a pattern for several
 * @param {boolean} runsAgain Whether a test that failed runs once more, by itself, before it counts as failed: not where nothing but the code
 *   decides, and where rare faults are what is looked for (chaos, fuzz, soak). Real browsers on a shared machine stall for seconds at times;
 *   what passes the second time is told apart, with what it had failed with.
 */
export function vitest(project, runsAgain = false) {
  return async (/** @type {number} */ timeoutMs) => {
    const startMs = Date.now();
    const { counts, failures: found } = await runProject(project, [], timeoutMs);
    const canRunAgain = runsAgain && found.length <= MAX_RUN_AGAIN && found.every(({ title }) => title !== "");
    for (const failure of found) {
      const leftMs = timeoutMs - (Date.now() - startMs);
      const hasPassed = canRunAgain && leftMs > 0 && (await passes(project, failure, leftMs));
      if (hasPassed) {
        counts.failed--;
        counts.passed++;
      }
      if (hasPassed) unsteady.push(`~ unsteady, passed when run again: ${describe(failure)}`);
      else failures.push(`✗ ${describe(failure)}`);
    }
    return counts;
  };
}

/** Runs one test by itself. @param {string} project @param {Failure} failure @param {number} timeoutMs */
async function passes(project, { file, title }, timeoutMs) {
  console.log(`\nOnce more, by itself: ${title}\n`);
  const { counts } = await runProject(project, [file, "-t", `^${escapeForRegExp(title)}$`], timeoutMs);
  return counts.passed > 0 && counts.failed === 0;
}

/** @param {string} project @param {string[]} filters @param {number} timeoutMs @returns {Promise<Result>} */
async function runProject(project, filters, timeoutMs) {
  const report = join(reportFolder, `${project.replace("*", "")}${filters.length > 0 ? "-again" : ""}.json`);
  const args = ["run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { code, timedOut } = await tool("vitest", [...args, ...filters], { timeoutMs });
  if (timedOut) console.error(`Stopped after ${timeoutMs / 1000} s.`);
  return readReport(report, code !== 0 || timedOut);
}

/**
 * A run that crashed, a file that could not be loaded or set up, and a project without tests each count as a failure.
 * Otherwise zero tests would look like success.
 * @param {string} report
 * @param {boolean} crashed
 * @returns {Result}
 */
function readReport(report, crashed) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  /** @type {Failure[]} */
  const found = [];
  try {
    const result = JSON.parse(readFileSync(report, "utf8"));
    counts.passed = result.numPassedTests;
    counts.failed = result.numFailedTests;
    counts.skipped = result.numPendingTests + result.numTodoTests;
    for (const file of result.testResults) {
      /** @type {{ status: string, fullName: string, failureMessages: string[] }[]} */
      const failed = file.assertionResults.filter((/** @type {{ status: string }} */ test) => test.status === "failed");
      for (const { fullName, failureMessages } of failed) {
        found.push({ file: file.name, title: fullName, message: failureMessages.join("\n") });
      }
      if (file.status !== "failed" || failed.length > 0) continue;
      counts.failed++;
      found.push({ file: file.name, title: "", message: file.message ?? "" });
    }
  } catch {
    console.error("The test runner has written no report.");
  }
  if (counts.failed === 0 && (crashed || counts.passed === 0)) {
    console.error(crashed ? "The test runner failed as a whole." : "No test ran.");
    counts.failed = 1;
  }
  return { counts, failures: found };
}

/** @param {Failure} failure @returns {string} with the lines of its stack that are in tests */
function describe({ file, title, message }) {
  const lines = message.split("\n").map((line) => line.trim());
  const told = [lines[0] ?? "", ...lines.slice(1).filter((line) => line.includes("/tests/"))].slice(0, 4);
  return `${relative(root, file)} > ${title || "the file as a whole"}${told.map((line) => `\n    ${line.slice(0, 300)}`).join("")}`;
}

/** @param {string} text */
function escapeForRegExp(text) {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&");
}
