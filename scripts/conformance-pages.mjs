// Pages of the test harness that work through a list of checks, and are opened anew after a crash or a hang.
import { join } from "node:path";
import { chromiumArgs, ensureChromium } from "./browser.mjs";
import { root } from "./run.mjs";
import { serve } from "./serve.mjs";

/** Several pages at once keep the cores busy while workers start. */
const PAGE_COUNT = 2;

/**
 * One check: what the page computes, the rows where it did not end, and what is said of them.
 * @template Row
 * @typedef {{ what: string, expression: (url: string) => string, failed: (reason: string) => Row[], tell: (rows: Row[]) => string }} Task
 */

/**
 * The latest page, or a new one.
 * @template Row
 */
class TaskPage {
  /** @type {import("playwright").BrowserContext | undefined} */
  #context;
  /** @type {import("playwright").Page | undefined} */
  #page;

  /** @param {() => Promise<import("playwright").Browser>} browser @param {string} url @param {number} limitMs of one check */
  constructor(browser, url, limitMs) {
    this.browser = browser;
    this.url = url;
    this.limitMs = limitMs;
  }

  /** @param {Task<Row>} task @returns {Promise<Row[]>} */
  async run({ expression, failed }) {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    try {
      const page = await this.#open();
      const ended = new Promise((_, reject) => {
        page.once("crash", () => reject(new Error("the page crashed, perhaps out of memory")));
        timer = setTimeout(() => reject(new Error(`not finished after ${this.limitMs / 1000} s`)), this.limitMs);
      });
      ended.catch(() => {});
      const running = page.evaluate(expression(this.url));
      return /** @type {Row[]} */ (await Promise.race([running, ended]));
    } catch (error) {
      await this.close();
      return failed(error instanceof Error ? error.message.slice(0, 300) : String(error));
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
 * @template Row
 * @param {readonly Task<Row>[]} tasks
 * @param {{ mounts: Record<string, string>, limitMs: number }} options folders that are served, by path; the limit of one check
 * @returns {Promise<Row[]>} the rows of all
 */
export async function runInPages(tasks, { mounts, limitMs }) {
  const executablePath = await ensureChromium();
  const { chromium } = await import("playwright");
  const server = await serve({ root: join(root, "dist-harness"), mounts });
  /** @type {Promise<import("playwright").Browser> | undefined} */
  let launched;
  // A model may have crashed the whole browser.
  const browser = async () => {
    if (launched !== undefined && (await launched).isConnected()) return launched;
    return (launched = chromium.launch({ executablePath, args: chromiumArgs() }));
  };
  /** @type {Row[]} */
  const rows = [];
  let next = 0;
  let doneCount = 0;
  const work = async () => {
    const page = new TaskPage(browser, server.url, limitMs);
    while (next < tasks.length) {
      const task = /** @type {Task<Row>} */ (tasks[next++]);
      const found = await page.run(task);
      rows.push(...found);
      console.error(`${++doneCount}/${tasks.length} ${task.what}: ${task.tell(found)}`);
    }
    await page.close();
  };
  try {
    await Promise.all(Array.from({ length: PAGE_COUNT }, work));
  } finally {
    await (await launched)?.close();
    await server.close();
  }
  return rows;
}
