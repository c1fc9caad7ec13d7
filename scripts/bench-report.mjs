// The benchmark's report: its types, its table and its JSON.
import { cpus, loadavg, platform, release, totalmem } from "node:os";

/** @typedef {{ readonly min: number, readonly median: number, readonly max: number }} Summary */

/**
 * One subject on one model.
 * @typedef {object} Row
 * @property {string} model
 * @property {string} subject
 * @property {number} batch items per run
 * @property {Summary} itemsPerSecond
 * @property {number} runs how many runs `itemsPerSecond` summarises, without warm-ups
 * @property {readonly number[]} runItemsPerSecond each run, in the order of the rounds
 * @property {readonly string[]} [workers] backend of each worker; empty for TF.js on the page
 * @property {number} [chunkItemCount] TF.js: the fastest number of items per `predict`; sharder: its shards' median
 * @property {number} [worstDifference] largest max|a−b| ÷ max|b| of any run's outputs against TF.js WASM on the page
 */

/**
 * A figure with its target.
 * @typedef {object} Ratio
 * @property {number} value
 * @property {number} min over the rounds, each of which compares runs of the same round
 * @property {number} max
 * @property {number} [target]
 * @property {"at least" | "at most"} [bound]
 * @property {boolean} [met]
 */

/**
 * @typedef {object} Suite
 * @property {string} suite
 * @property {readonly Row[]} rows
 * @property {Readonly<Record<string, Readonly<Record<string, Ratio>>>>} ratios by name, then by model
 * @property {readonly string[]} notes how it was measured, and what was left out
 * @property {readonly string[]} errors wrong outputs, which make the figures meaningless
 * @property {unknown} [details] whatever else was measured
 */

/** What the figures depend on, without anything that identifies the machine or its user. */
export function describeMachine() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()}`,
    /** Over the last minute; near 0 when idle. Always 0 on Windows. */
    loadAverage: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

/** Joins suites into one report, whose rows name their suite. @param {readonly Suite[]} suites */
export function mergeSuites(suites) {
  return {
    rows: suites.flatMap(({ suite, rows }) => rows.map((row) => (suites.length > 1 ? { suite, ...row } : row))),
    ratios: Object.fromEntries(suites.flatMap(({ ratios }) => Object.entries(ratios))),
    notes: suites.flatMap(({ notes }) => notes),
    errors: suites.flatMap(({ errors }) => errors),
    details: Object.fromEntries(suites.flatMap(({ suite, details }) => (details ? [[suite, details]] : []))),
  };
}

/** @param {Suite} suite @returns {number} missed targets */
export function printSuite({ suite, rows, ratios, notes, errors }) {
  console.log(`\n── ${suite} ${"─".repeat(Math.max(0, 74 - suite.length))}\n`);
  if (rows.length > 0) {
    const lines = rows.map(({ model, subject, batch, itemsPerSecond: { min, median, max }, runs, chunkItemCount }) => [
      model,
      subject,
      String(batch),
      ...[min, median, max].map(short),
      String(runs),
      chunkItemCount === undefined ? "" : String(chunkItemCount),
    ]);
    printTable([["model", "subject", "batch", "min items/s", "median", "max", "runs", "items/call"], ...lines]);
    console.log();
  }
  let missedCount = 0;
  const lines = Object.entries(ratios).flatMap(([name, byModel]) =>
    Object.entries(byModel).map(([model, { value, min, max, target, bound, met }]) => {
      if (met === false) missedCount++;
      const verdict = target === undefined ? "" : `${met ? "met" : "target missed"}, ${bound} ${target}`;
      return [name, model, short(value), short(min), short(max), verdict];
    }),
  );
  printTable([["figure", "of", "value", "min", "max", "target"], ...lines]);
  console.log();
  for (const note of notes) console.log(`· ${note}`);
  for (const error of errors) console.log(`✗ ${error}`);
  return missedCount;
}

/** @param {number} value `null` for infinity, which does not survive the way out of the browser */
function short(value) {
  if (!Number.isFinite(value)) return String(value);
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 3);
}

/** @param {readonly (readonly string[])[]} lines starting with the header; two columns of text, then figures */
function printTable(lines) {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  for (const line of lines) {
    const cells = line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)));
    console.log(cells.join("  ").trimEnd());
  }
}
