// `npm run conformance -- --cases DIR`: small models against the outputs that are stored with them, in a real browser.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromiumArgs, ensureChromium } from "./browser.mjs";
import { printCaseRows } from "./conformance-report.mjs";
import { root } from "./run.mjs";
import { serve } from "./serve.mjs";

/** @typedef {import("./conformance-report.mjs").CaseRow} CaseRow */

/** Several pages at once keep the cores busy while workers start. */
const PAGE_COUNT = 2;

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

/** A page that checks case after case, and is opened anew after a crash or a hang. */
class CasePage {
  /** @type {import("playwright").BrowserContext | undefined} */
  #context;
  /** @type {import("playwright").Page | undefined} */
  #page;

  /** @param {() => Promise<import("playwright").Browser>} browser @param {string} url @param {number} limitMs of one case */
  constructor(browser, url, limitMs) {
    this.browser = browser;
    this.url = url;
    this.limitMs = limitMs;
  }

  /** @param {string} name @param {readonly string[]} backends @returns {Promise<CaseRow[]>} */
  async check(name, backends) {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    try {
      const page = await this.#open();
      const ended = new Promise((_, reject) => {
        page.once("crash", () => reject(new Error("the page crashed, perhaps out of memory")));
        timer = setTimeout(() => reject(new Error(`not finished after ${this.limitMs / 1000} s`)), this.limitMs);
      });
      ended.catch(() => {});
      const request = { url: `${this.url}conformance/${encodeURIComponent(name)}/`, backends };
      const running = page.evaluate(`harness.checkCase(${JSON.stringify(request)})`);
      return /** @type {CaseRow[]} */ (await Promise.race([running, ended]));
    } catch (error) {
      await this.close();
      const detail = error instanceof Error ? error.message.slice(0, 300) : String(error);
      return [
        { name, verdict: "failed", backend: backends.join("+"), optimize: true, how: "", detail, isExpected: false },
      ];
    } finally {
      clearTimeout(timer);
    }
  }

  async #open() {
    if (this.#page !== undefined && !this.#page.isClosed()) return this.#page;
    this.#context = await (await this.browser()).newContext();
    this.#page = await this.#context.newPage();
    await this.#page.goto(this.url);
    return this.#page;
  }

  async close() {
    const context = this.#context;
    this.#context = this.#page = undefined;
    // A page that hangs does not close by itself.
    await Promise.race([context?.close().catch(() => {}), new Promise((done) => setTimeout(done, 5_000))]);
  }
}

/**
 * @param {{ folder: string, only: readonly string[], backends: readonly string[], seconds: number, json?: string | undefined }} options
 * @returns {Promise<boolean>} whether no case is wrong or failed
 */
export async function runCases({ folder, only, backends, seconds, json }) {
  const names = findCases(folder, only);
  const executablePath = await ensureChromium();
  const { chromium } = await import("playwright");
  const server = await serve({ root: join(root, "dist-harness"), mounts: { "/conformance/": folder } });
  /** @type {Promise<import("playwright").Browser> | undefined} */
  let launched;
  // A model may have crashed the whole browser.
  const browser = async () => {
    if (launched !== undefined && (await launched).isConnected()) return launched;
    return (launched = chromium.launch({ executablePath, args: chromiumArgs() }));
  };
  /** @type {CaseRow[]} */
  const rows = [];
  const startMs = performance.now();
  let next = 0;
  let doneCount = 0;
  const work = async () => {
    const page = new CasePage(browser, server.url, seconds * 1000);
    while (next < names.length) {
      const name = /** @type {string} */ (names[next++]);
      const found = await page.check(name, backends);
      rows.push(...found);
      const worst = found.find(({ verdict }) => verdict !== "right");
      const verdict = worst === undefined ? "right" : `${worst.verdict} ${worst.how}: ${worst.detail.slice(0, 150)}`;
      console.error(`${++doneCount}/${names.length} ${name}: ${verdict}`);
    }
    await page.close();
  };
  try {
    await Promise.all(Array.from({ length: PAGE_COUNT }, work));
  } finally {
    await (await launched)?.close();
    await server.close();
  }
  rows.sort((a, b) => a.name.localeCompare(b.name));
  printCaseRows(rows);
  console.log(`${names.length} cases in ${Math.round((performance.now() - startMs) / 1000)} s`);
  if (json !== undefined) writeFileSync(resolve(json), `${JSON.stringify({ cases: folder, rows }, undefined, 2)}\n`);
  return rows.every(({ verdict }) => verdict === "right" || verdict === "refused");
}
