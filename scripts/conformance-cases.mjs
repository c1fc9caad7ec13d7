// `npm run conformance -- --cases DIR`: small models against the outputs that are stored with them, in a real browser.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runInPages } from "./conformance-pages.mjs";
import { printCaseRows } from "./conformance-report.mjs";

/** @typedef {import("./conformance-report.mjs").CaseRow} CaseRow */

/** @param {string} folder @param {readonly string[]} only parts of names */
function findCases(folder, only) {
  if (!existsSync(folder))
    throw new Error(`Expected a folder of cases at ${folder}, received a path that does not exist: correct --cases.`);
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, "case.json")));
  const chosen = names.filter((name) => only.length === 0 || only.some((part) => name.includes(part)));
  if (chosen.length === 0)
    throw new Error(
      `Expected cases in ${folder}, received no folder with a case.json${only.length > 0 ? " under these names" : ""}: correct --cases or --only.`,
    );
  return chosen;
}

/**
 * @param {{ folder: string, only: readonly string[], backends: readonly string[], seconds: number, json?: string | undefined }} options
 * @returns {Promise<boolean>} whether no case is wrong or failed
 */
export async function runCases({ folder, only, backends, seconds, json }) {
  const names = findCases(folder, only);
  const startMs = performance.now();
  const tasks = names.map((name) => ({
    what: name,
    expression: (/** @type {string} */ url) => {
      const request = { url: `${url}conformance/${encodeURIComponent(name)}/`, backends };
      return `harness.checkCase(${JSON.stringify(request)})`;
    },
    failed: (/** @type {string} */ detail) => [
      /** @type {CaseRow} */ ({
        ...{ name, verdict: "failed", backend: backends.join("+"), optimize: true, how: "", detail, isExpected: false },
      }),
    ],
    tell: (/** @type {CaseRow[]} */ found) => {
      const worst = found.find(({ verdict }) => verdict !== "right");
      return worst === undefined ? "right" : `${worst.verdict} ${worst.how}: ${worst.detail.slice(0, 150)}`;
    },
  }));
  const rows = await runInPages(tasks, { mounts: { "/conformance/": folder }, limitMs: seconds * 1000 });
  rows.sort((a, b) => a.name.localeCompare(b.name));
  printCaseRows(rows);
  console.log(`${names.length} cases in ${Math.round((performance.now() - startMs) / 1000)} s`);
  if (json !== undefined) writeFileSync(resolve(json), `${JSON.stringify({ cases: folder, rows }, undefined, 2)}\n`);
  return rows.every(({ verdict }) => verdict === "right" || verdict === "refused");
}
