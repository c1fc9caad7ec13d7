// The suite `startup`: the time from an empty page to the first result, on a first visit and on a second one.

/** @typedef {import("./bench-report.mjs").Suite} Suite */
/** @typedef {import("./bench-report.mjs").Ratio} Ratio */
/** @typedef {import("./bench-report.mjs").Summary} Summary */
/** @typedef {import("playwright").Browser} Browser */
/** @typedef {import("playwright").BrowserContext} BrowserContext */
/** @typedef {{ ms: number, sample: readonly number[] }} FirstResult see tests/bench/startup/main.ts */
/** @typedef {"cold" | "second visit"} Visit */
/** @typedef {{ model: string, subject: string, visit: Visit, ms: Summary, runs: number, runMs: readonly number[] }} StartRow */

const bundled = { name: "upscale-x2 160×160", path: "models/upscale-x2/model.json", itemShape: [160, 160, 3] };
/** Measured where the folder of more models has it. */
const mobileNet = { folder: "keras-mobilenet-v2", name: "Keras MobileNet V2 224×224", itemShape: [224, 224, 3] };

/** @type {readonly Visit[]} */
const visits = ["cold", "second visit"];
const reference = "TF.js";
/** Sharder ÷ TF.js, at most. */
const targets = { cold: 1.15, "second visit": 1 };
/** Of the largest value. */
const maxDifference = 1e-4;
/** Regardless of the time limit. */
const minRunCount = 3;

/**
 * Every start has a browser context of its own, which has cached nothing; a second visit is a new page in it. The subjects take turns.
 * @param {Browser} browser
 * @param {string} url of the folder with startup.html, with a slash at the end
 * @param {{ runs: number, seconds: number, extraModels: readonly { name: string, url: string }[], only: readonly string[] }} request
 * @returns {Promise<Suite>}
 */
export async function measureStartup(browser, url, { runs, seconds, extraModels, only }) {
  const extra = extraModels.find(({ name }) => name === mobileNet.folder);
  const models = [{ ...bundled, url: url + bundled.path }, ...(extra ? [{ ...mobileNet, url: extra.url }] : [])].filter(
    ({ name }) => only.length === 0 || only.some((part) => name.includes(part)),
  );
  if (models.length === 0)
    throw new Error(`Expected --only to name some model of startup, received ${only.join(",")}.`);
  /** @type {StartRow[]} */
  const rows = [];
  /** @type {string[]} */
  const errors = [];
  for (const model of models) {
    const measured = await measureModel(browser, url, model, { runs, seconds: seconds / models.length });
    rows.push(...measured.rows);
    errors.push(...measured.errors);
  }
  return {
    suite: "startup",
    rows: [],
    ratios: startRatios(rows),
    notes: [
      "startup: from a page with nothing but the benchmark's script to the first item's result, with a local server; code, WASM, model, compiling and the first run.",
      "TF.js runs on the page with its WASM backend. A second visit is a new page in the same browser context, after the first one was closed.",
      ...(extra ? [] : [`Left out, since the folder of more models lacks it: ${mobileNet.folder}.`]),
    ],
    errors,
    details: { rows },
  };
}

/**
 * @param {Browser} browser
 * @param {string} url
 * @param {{ name: string, url: string, itemShape: readonly number[] }} model
 * @param {{ runs: number, seconds: number }} limits
 */
async function measureModel(browser, url, model, { runs, seconds }) {
  const subjects = await onFreshContext(browser, (context) =>
    onPage(context, url, (page) => /** @type {Promise<string[]>} */ (page.evaluate("startup.subjects"))),
  );
  /** @type {Map<string, number[]>} */
  const times = new Map();
  /** @type {string[]} */
  const errors = [];
  /** @type {readonly number[] | undefined} */
  let expected;
  const startMs = Date.now();
  for (let run = 0; run < runs; run++) {
    if (run >= minRunCount && ((Date.now() - startMs) / 1000) * (1 + 1 / run) > seconds) break;
    // TF.js first in the first round, whose values the others are compared with; then the order turns.
    for (let turn = 0; turn < subjects.length; turn++) {
      const subject = subjects[(turn + run) % subjects.length] ?? reference;
      await onFreshContext(browser, async (context) => {
        for (const visit of visits) {
          const { ms, sample } = await measureStart(context, url, subject, model);
          expected ??= sample;
          const difference = sampleDifference(sample, expected);
          if (!(difference <= maxDifference)) {
            errors.push(
              `${model.name}: expected the first result of "${subject}" (${visit}) within ${maxDifference} of the largest value, received ${difference}.`,
            );
          }
          const key = keyOf(subject, visit);
          times.set(key, [...(times.get(key) ?? []), ms]);
        }
      });
    }
    console.error(`  ${model.name}: round ${run + 1} of ${runs}`);
  }
  const rows = subjects.flatMap((subject) =>
    visits.map((visit) => startRow(model.name, subject, visit, times.get(keyOf(subject, visit)) ?? [])),
  );
  return { rows, errors };
}

/**
 * @param {BrowserContext} context
 * @param {string} url
 * @param {string} subject
 * @param {{ url: string, itemShape: readonly number[] }} model
 */
function measureStart(context, url, subject, model) {
  const args = [subject, model.url, model.itemShape].map((value) => JSON.stringify(value)).join(", ");
  return onPage(
    context,
    url,
    (page) => /** @type {Promise<FirstResult>} */ (page.evaluate(`startup.measure(${args})`)),
  );
}

/**
 * @template T
 * @param {Browser} browser
 * @param {(context: BrowserContext) => Promise<T>} use
 */
async function onFreshContext(browser, use) {
  const context = await browser.newContext();
  try {
    return await use(context);
  } finally {
    await context.close();
  }
}

/**
 * @template T
 * @param {BrowserContext} context
 * @param {string} url
 * @param {(page: import("playwright").Page) => Promise<T>} use
 */
async function onPage(context, url, use) {
  const page = await context.newPage();
  try {
    await page.goto(`${url}startup.html`);
    return await use(page);
  } finally {
    await page.close();
  }
}

/** @param {string} subject @param {Visit} visit */
function keyOf(subject, visit) {
  return `${subject}, ${visit}`;
}

/** @param {string} model @param {string} subject @param {Visit} visit @param {readonly number[]} runMs @returns {StartRow} */
function startRow(model, subject, visit, runMs) {
  const sorted = runMs.toSorted((a, b) => a - b);
  const ms = { min: sorted[0] ?? NaN, median: sorted[sorted.length >> 1] ?? NaN, max: sorted.at(-1) ?? NaN };
  return { model, subject, visit, ms, runs: runMs.length, runMs };
}

/** max|a − b| ÷ max|b|; infinite where there is nothing to compare. @param {readonly number[]} a @param {readonly number[]} b */
function sampleDifference(a, b) {
  if (a.length !== b.length) return Infinity;
  const largest = Math.max(...b.map(Math.abs));
  const worst = Math.max(...a.map((value, index) => Math.abs(value - (b[index] ?? NaN))));
  return largest > 0 ? worst / largest : Infinity;
}

/** The times, and the sharder's as parts of those of TF.js. @param {readonly StartRow[]} rows @returns {Suite["ratios"]} */
function startRatios(rows) {
  /** @type {Record<string, Record<string, Ratio>>} */
  const ratios = {};
  for (const { model, subject, visit, ms, runMs } of rows) {
    const name = `ms to the first result: ${keyOf(subject, visit)}`;
    ratios[name] = { ...ratios[name], [model]: { value: ms.median, min: ms.min, max: ms.max } };
    const tfjs = rows.find((row) => row.model === model && row.visit === visit && row.subject === reference);
    if (tfjs === undefined || subject === reference) continue;
    const value = ms.median / tfjs.ms.median;
    const perRound = runMs.map((one, round) => one / (tfjs.runMs[round] ?? NaN));
    const target = targets[visit];
    const ratio = `${subject} ÷ ${reference}, ${visit}`;
    ratios[ratio] = {
      ...ratios[ratio],
      [model]: {
        value,
        min: Math.min(...perRound),
        max: Math.max(...perRound),
        target,
        bound: "at most",
        met: value <= target,
      },
    };
  }
  return ratios;
}
