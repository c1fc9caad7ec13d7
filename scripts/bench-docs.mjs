// `node scripts/bench-docs.mjs tests/bench/results/peers.json` writes the rows of the suite `peers` into docs/results.md, the lost ones first.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { callSize, longestTask, milliseconds, shortNumber } from "./bench-html.mjs";
import { judgeRows } from "./peer-reasons.mjs";
import { root } from "./run.mjs";

/** @typedef {import("./peer-reasons.mjs").PeerRow} PeerRow */

const begin = "<!-- Written by scripts/bench-docs.mjs: begin -->";
const end = "<!-- end -->";

/**
 * @param {Pick<import("./bench-html.mjs").Report, "machine" | "browser" | "notes"> & { readonly rows: readonly PeerRow[] }} report
 * @returns {string} Markdown
 */
export function renderPeers({ machine, browser, rows, notes }) {
  const verdicts = judgeRows(rows);
  const lost = verdicts.filter((verdict) => verdict.lost);
  const won = verdicts.filter((verdict) => !verdict.lost);
  const header = ["| model | against | its items/s | ours | ours ÷ its | why |", "|---|---|---|---|---|---|"];
  const line = (/** @type {import("./peer-reasons.mjs").Verdict} */ { row, sharder, ratio, reason }) =>
    `| ${[
      row.model,
      row.subject,
      shortNumber(row.itemsPerSecond.median),
      `${shortNumber(sharder.itemsPerSecond.median)} (${sharder.workers?.length ?? 1})`,
      ratio.toFixed(2),
      reason,
    ].join(" | ")} |`;
  const details = rows.map(
    (row) =>
      `| ${[
        row.model,
        row.subject,
        `${shortNumber(row.itemsPerSecond.median)} (${shortNumber(row.itemsPerSecond.min)}–${shortNumber(row.itemsPerSecond.max)})`,
        row.format,
        callSize(row),
        row.firstResultMs === undefined ? "–" : milliseconds(row.firstResultMs),
        longestTask(row),
        Number.isFinite(row.frameGapP99Ms) ? milliseconds(row.frameGapP99Ms) : "–",
      ].join(" | ")} |`,
  );
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${browser}; load before the run: ${machine.loadAverage}. "Ours" is the`,
    "faster one of one WASM worker and several, whose number is in brackets.",
    "",
    ...notes.map((note) => `- ${note}`),
    "",
    ...(lost.length > 0
      ? [`**Lost: ${lost.length} of ${verdicts.length}.**`, "", ...header, ...lost.map(line), ""]
      : []),
    ...(won.length > 0 ? ["**Won or level:**", "", ...header, ...won.map(line), ""] : []),
    "What each was measured with, and the page's thread meanwhile:",
    "",
    "| model | subject | items/s (range) | format | items per call | first result | longest task | frame gap p99 |",
    "|---|---|---|---|---|---|---|---|",
    ...details,
  ].join("\n");
}

/** @param {string} page @param {string} section @returns {string} the page with the section between its marks */
export function replaceSection(page, section) {
  const first = page.indexOf(begin);
  const last = page.indexOf(end, first);
  if (first === -1 || last === -1)
    throw new Error(`Expected "${begin}" and "${end}" in the page, received one without.`);
  return `${page.slice(0, first + begin.length)}\n${section}\n${page.slice(last)}`;
}

const [, script, file] = process.argv;
if (script?.endsWith("bench-docs.mjs")) {
  if (file === undefined) throw new Error("Expected the JSON file of a report, as --json writes it, received none.");
  const path = join(root, "docs", "results.md");
  writeFileSync(path, replaceSection(readFileSync(path, "utf8"), renderPeers(JSON.parse(readFileSync(file, "utf8")))));
}
