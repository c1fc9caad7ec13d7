// The benchmark's report as one page: a bar chart for each model, drawn here as SVG, and the tables. It loads nothing.
import { judgeRows } from "./peer-reasons.mjs";

/** @typedef {import("./bench-report.mjs").Row} Row */
/** @typedef {import("./bench-report.mjs").Ratio} Ratio */
/** @typedef {import("./peer-reasons.mjs").PeerRow} PeerRow */

/**
 * @typedef {object} Report
 * @property {ReturnType<typeof import("./bench-report.mjs").describeMachine>} machine
 * @property {string} browser
 * @property {Record<string, string | boolean>} adapter
 * @property {string} suite
 * @property {number} runs
 * @property {readonly (Row | PeerRow)[]} rows
 * @property {Readonly<Record<string, Readonly<Record<string, Ratio>>>>} ratios
 * @property {readonly string[]} notes
 * @property {readonly string[]} errors
 */

/** Lengths in the SVGs' own units, which are pixels unless the window is narrower. */
const chart = { width: 860, labelWidth: 250, barHeight: 20, rowHeight: 30, valueWidth: 170 };

const style = `
:root { color-scheme: light dark; --ink: #1c2430; --quiet: #5b6676; --paper: #fff; --line: #d6dbe3; --peer: #7d8ca3; --ours: #1769e0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7ebf1; --quiet: #a3adbb; --paper: #14181f; --line: #353d49; --peer: #6c7a90; --ours: #5aa2ff; }
}
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h2 { margin-top: 2.5rem; font-size: 1.15rem; }
.quiet { color: var(--quiet); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.25rem 0.75rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; white-space: nowrap; }
td.text { min-width: 22rem; white-space: normal; }
th:first-child, td:first-child, .text { text-align: left; }
svg { width: 100%; height: auto; }
svg text { fill: var(--ink); font: 14px system-ui, sans-serif; }
svg .peer { fill: var(--peer); }
svg .ours { fill: var(--ours); }
svg line { stroke: var(--ink); stroke-width: 1.5; }
`;

/** @param {Report} report @returns {string} the whole page */
export function renderReport(report) {
  const { machine, browser, adapter, suite, rows, ratios, notes, errors } = report;
  const models = [...new Set(rows.map(({ model }) => model))];
  const title = `Benchmark: ${suite}`;
  const where = `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}, load ${machine.loadAverage} · ${browser} · WebGPU: ${adapter["webgpu"] ?? "not known"} · WebGL: ${adapter["webgl"] ?? "not known"}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeText(title)}</h1>
<p class="quiet">${escapeText(where)}</p>
${list("Wrong", errors)}
${models
  .map((model) =>
    modelSection(
      model,
      rows.filter((row) => row.model === model),
    ),
  )
  .join("\n")}
${ratioSection(ratios)}
${list("Notes", notes)}
</body>
</html>
`;
}

/** @param {string} model @param {readonly (Row | PeerRow)[]} rows */
function modelSection(model, rows) {
  return `<section>
<h2>${escapeText(model)}</h2>
${barChart(model, rows)}
<div class="scroll">${rowTable(rows)}</div>
</section>`;
}

/**
 * One bar for each row, the fastest first; a line from the slowest to the fastest run. Rows whose subject begins with "sharder" are ours.
 * @param {string} model
 * @param {readonly (Row | PeerRow)[]} rows
 * @returns {string} an SVG element
 */
export function barChart(model, rows) {
  const sorted = rows.toSorted((a, b) => b.itemsPerSecond.median - a.itemsPerSecond.median);
  const { width, labelWidth, barHeight, rowHeight, valueWidth } = chart;
  const largest = Math.max(...sorted.map(({ itemsPerSecond }) => itemsPerSecond.max), Number.MIN_VALUE);
  const scale = (width - labelWidth - valueWidth) / largest;
  const height = rowHeight * sorted.length;
  const bars = sorted.map(({ subject, itemsPerSecond: { min, median, max } }, index) => {
    const top = index * rowHeight + (rowHeight - barHeight) / 2;
    const middle = top + barHeight / 2;
    const kind = subject.startsWith("sharder") ? "ours" : "peer";
    const end = labelWidth + scale * max;
    return `<g><title>${escapeText(`${subject}: ${shortNumber(min)} to ${shortNumber(max)} items/s`)}</title>
<text x="${labelWidth - 8}" y="${middle + 5}" text-anchor="end">${escapeText(subject)}</text>
<rect class="${kind}" x="${labelWidth}" y="${top}" width="${(scale * median).toFixed(1)}" height="${barHeight}" rx="2"/>
<line x1="${(labelWidth + scale * min).toFixed(1)}" x2="${end.toFixed(1)}" y1="${middle}" y2="${middle}"/>
<text x="${(end + 8).toFixed(1)}" y="${middle + 5}">${shortNumber(median)} items/s</text></g>`;
  });
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(`Items per second of ${model}`)}">
${bars.join("\n")}
</svg>`;
}

/** @param {readonly (Row | PeerRow)[]} rows */
function rowTable(rows) {
  const verdicts = new Map(judgeRows(rows.filter(isPeerRow)).map((verdict) => [verdict.row, verdict]));
  const hasPeers = rows.some(isPeerRow);
  const header = ["", "items/s (range)", "items per call"];
  if (hasPeers) header.push("format", "first result", "longest task", "frame gap p99", "sharder ÷ it", "why");
  const lines = rows.map((row) => {
    const { min, median, max } = row.itemsPerSecond;
    const cells = [row.subject, `${shortNumber(median)} (${shortNumber(min)}–${shortNumber(max)})`, callSize(row)];
    if (!isPeerRow(row)) return cells;
    const verdict = verdicts.get(row);
    return [
      ...cells,
      row.format,
      row.firstResultMs === undefined ? "–" : milliseconds(row.firstResultMs),
      longestTask(row),
      Number.isFinite(row.frameGapP99Ms) ? milliseconds(row.frameGapP99Ms) : "–",
      verdict === undefined ? "" : verdict.ratio.toFixed(2),
      verdict?.reason ?? "",
    ];
  });
  return table(header, lines);
}

/** @param {Row | PeerRow} row @returns {row is PeerRow} */
function isPeerRow(row) {
  return "peer" in row;
}

/** @param {Report["ratios"]} ratios */
function ratioSection(ratios) {
  const lines = Object.entries(ratios).flatMap(([name, byModel]) =>
    Object.entries(byModel).map(([model, { value, min, max, target, bound, met }]) => [
      `${model}: ${name}`,
      `${shortNumber(value)} (${shortNumber(min)}–${shortNumber(max)})`,
      target === undefined ? "" : `${bound} ${target}: ${met === true ? "met" : "missed"}`,
    ]),
  );
  if (lines.length === 0) return "";
  return `<section><h2>Ratios</h2><div class="scroll">${table(["", "value (range of the rounds)", "target"], lines)}</div></section>`;
}

/** @param {readonly string[]} header @param {readonly (readonly string[])[]} lines */
function table(header, lines) {
  const whyIndex = header.indexOf("why");
  const cell = (/** @type {string} */ text, /** @type {number} */ index) =>
    `<td${index === whyIndex ? ' class="text"' : ""}>${escapeText(text)}</td>`;
  return `<table><thead><tr>${header.map((text) => `<th${text === "why" ? ' class="text"' : ""}>${escapeText(text)}</th>`).join("")}</tr></thead>
<tbody>${lines.map((line) => `<tr>${line.map(cell).join("")}</tr>`).join("\n")}</tbody></table>`;
}

/** @param {string} title @param {readonly string[]} texts */
function list(title, texts) {
  if (texts.length === 0) return "";
  return `<section><h2>${title}</h2><ul>${texts.map((text) => `<li>${escapeText(text)}</li>`).join("")}</ul></section>`;
}

/** @param {PeerRow} row */
export function longestTask({ longestTaskMs }) {
  return longestTaskMs === 0 ? "< 50 ms" : milliseconds(longestTaskMs);
}

/** @param {Row} row */
export function callSize({ chunkItemCount }) {
  return chunkItemCount === undefined ? "" : String(Math.round(chunkItemCount));
}

/** @param {number} ms */
export function milliseconds(ms) {
  return `${ms < 100 ? Number(ms.toPrecision(2)) : Math.round(ms)} ms`;
}

/** Three digits, thousands apart. `null` stands for infinity in what comes from a browser. @param {number} value */
export function shortNumber(value) {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}

/** @param {string} text */
function escapeText(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
