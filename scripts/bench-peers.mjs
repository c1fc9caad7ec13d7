// The suite `peers`: the sharder and other ways to run a model in a browser, with the same weights, each at its best.
import { join } from "node:path";
import { chromiumArgs } from "./browser.mjs";
import { findPeerModels, howToMake, peerModelsFolder } from "./peer-models.mjs";
import { isOnLitert } from "./peer-reasons.mjs";
import { root } from "./run.mjs";
import { serve } from "./serve.mjs";

/** @typedef {import("./bench-report.mjs").Suite} Suite */
/** @typedef {import("./bench-report.mjs").Row} Row */
/** @typedef {import("./bench-report.mjs").Ratio} Ratio */
/** @typedef {import("playwright").Browser} Browser */
/** @typedef {import("playwright").Page} Page */
/** @typedef {import("./peer-reasons.mjs").PeerRow} PeerRow */

/**
 * What the page returns; see tests/bench/peers/measure-model.ts.
 * @typedef {object} MeasuredModel
 * @property {string} title
 * @property {string} madeBy
 * @property {readonly PeerRow[]} rows
 * @property {readonly string[]} errors
 * @property {Record<string, { trials: readonly unknown[], refusals: readonly { variant: { format: string, callItemCount: number }, reason: string }[] }>} sweeps
 * @property {Record<string, { format: string }>} chosen
 */

/** Of each first result: a start takes seconds, and its median says enough. */
const maxFirstResultRuns = 3;

/**
 * @param {string} executablePath
 * @param {{ runs: number, seconds: number, only: readonly string[] }} limits `seconds` for the runs in turn of all models together
 * @returns {Promise<Suite>}
 */
export async function measurePeers(executablePath, { runs, seconds, only }) {
  const folder = peerModelsFolder();
  const { present, missing } = findPeerModels(folder, only);
  if (missing.length > 0) console.error(howToMake(folder, missing));
  if (present.length === 0) throw new Error("Expected some models of the suite peers, received none: see above.");
  const modules = join(root, "node_modules");
  const server = await serve({
    root: join(root, "dist-bench"),
    mounts: {
      "/peer-models/": folder,
      "/onnx/": join(modules, "onnxruntime-web", "dist"),
      "/litert/": join(modules, "@litertjs", "core", "wasm"),
    },
  });
  const { chromium } = await import("playwright");
  const browser = await chromium.launch({ executablePath, args: chromiumArgs() });
  const url = `${server.url}peers.html`;
  /** @type {Suite & { rows: PeerRow[], notes: string[], errors: string[] }} */
  const suite = { suite: "peers", rows: [], ratios: {}, notes: [], errors: [], details: {} };
  if (missing.length > 0) suite.notes.push(`Left out, since their files are missing: ${missing.join(", ")}.`);
  /** @type {Record<string, unknown>} */
  const sweeps = {};
  try {
    for (const name of present) {
      console.error(name);
      const limits = { runs, seconds: seconds / present.length };
      const measured = await onFreshPage(
        browser,
        url,
        (page) =>
          /** @type {Promise<MeasuredModel>} */ (
            page.evaluate(`peers.measureModel(${JSON.stringify(name)}, ${JSON.stringify(limits)})`)
          ),
      ).catch((/** @type {unknown} */ error) => {
        suite.errors.push(`${name}: ${messageOf(error)}`);
        return undefined;
      });
      if (measured === undefined) continue;
      const rows = await withFirstResults(
        browser,
        url,
        name,
        measured,
        Math.min(runs, maxFirstResultRuns),
        suite.notes,
      );
      suite.rows.push(...rows);
      suite.errors.push(...measured.errors);
      sweeps[measured.title] = measured.sweeps;
      suite.notes.push(...refusalNotes(measured));
      for (const [ratio, value] of Object.entries(peerRatios(rows))) {
        suite.ratios = { ...suite.ratios, [ratio]: { ...suite.ratios[ratio], [measured.title]: value } };
      }
    }
  } finally {
    await browser.close();
    await server.close();
  }
  suite.notes.push(
    "Weights are seeded random values, but for the upscaler's, and the same in every format. All outputs of all runs are within 1e-4 of the largest value that TensorFlow computed.",
    "Items per call: the fastest of a short sweep (TF.js and the sharder: over both formats); the sharder chooses by itself, and the median of its attempts is shown.",
    "First result: from an empty browser context to the first item's result, with a local server; the median of up to 3.",
  );
  return { ...suite, details: { sweeps } };
}

/**
 * @template T
 * @param {Browser} browser
 * @param {string} url
 * @param {(page: Page) => Promise<T>} use
 */
async function onFreshPage(browser, url, use) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error(error));
    page.on("console", (message) => {
      const text = message.text();
      if (text.startsWith("bench: ")) console.error(text.slice("bench: ".length));
    });
    const crashed = new Promise((_, reject) =>
      page.on("crash", () => reject(new Error("The page crashed, perhaps out of memory."))),
    );
    crashed.catch(() => {});
    await page.goto(url);
    return /** @type {T} */ (await Promise.race([use(page), crashed]));
  } finally {
    await context.close();
  }
}

/**
 * Starts every subject in empty contexts, in turns.
 * @param {Browser} browser
 * @param {string} url
 * @param {string} name
 * @param {MeasuredModel} measured
 * @param {number} runs
 * @param {string[]} notes what couldn't be measured is added
 */
async function withFirstResults(browser, url, name, { title, rows, chosen }, runs, notes) {
  /** @type {Map<string, number[]>} */
  const bySubject = new Map();
  for (let run = 0; run < runs; run++) {
    for (const { subject } of rows) {
      const args = [name, subject, chosen[subject]?.format].map((value) => JSON.stringify(value)).join(", ");
      try {
        const ms = await onFreshPage(
          browser,
          url,
          (page) => /** @type {Promise<number>} */ (page.evaluate(`peers.measureFirstResult(${args})`)),
        );
        bySubject.set(subject, [...(bySubject.get(subject) ?? []), ms]);
      } catch (error) {
        notes.push(`${title}, ${subject}: no first result: ${messageOf(error)}`);
      }
    }
    console.error(`  ${title}: first results, ${run + 1} of ${runs}`);
  }
  return rows.map((row) => {
    const times = (bySubject.get(row.subject) ?? []).toSorted((a, b) => a - b);
    const median = times[times.length >> 1];
    return median === undefined ? row : { ...row, firstResultMs: median };
  });
}

/** @param {readonly PeerRow[]} rows of one model @returns {Record<string, Ratio>} */
export function peerRatios(rows) {
  const best = (/** @type {readonly PeerRow[]} */ some) =>
    some.reduce(
      (/** @type {PeerRow | undefined} */ a, b) =>
        a === undefined || b.itemsPerSecond.median > a.itemsPerSecond.median ? b : a,
      undefined,
    );
  const ours = rows.filter(({ peer }) => peer === "sharder");
  const sharder = best(ours);
  /** @type {Record<string, Ratio>} */
  const ratios = {};
  if (sharder === undefined) return ratios;
  const peer = best(rows.filter((row) => row.peer !== "sharder"));
  if (peer !== undefined) ratios["sharder ÷ best peer"] = compare(sharder, peer);
  const tfjs = best(rows.filter((row) => row.peer === "tfjs"));
  if (tfjs !== undefined) ratios["sharder ÷ best TF.js"] = compare(sharder, tfjs);
  const [ownTfjs, ownLitert] = [false, true].map((isLitert) =>
    best(ours.filter((row) => row.engine === undefined && isOnLitert(row) === isLitert)),
  );
  if (ownTfjs !== undefined && ownLitert !== undefined) ratios["sharder, LiteRT ÷ TF.js"] = compare(ownLitert, ownTfjs);
  const auto = ours.find(({ engine }) => engine !== undefined);
  if (auto !== undefined) {
    if (peer !== undefined) ratios["sharder, engine auto ÷ best peer"] = compare(auto, peer);
    if (ownTfjs !== undefined) ratios["sharder, engine auto ÷ own TF.js"] = compare(auto, ownTfjs);
    const loops = rows.find((row) => row.peer === auto.engine && row.subject.endsWith(" plain workers"));
    if (loops !== undefined) ratios["sharder, engine auto ÷ unconnected loops"] = compare(auto, loops);
  }
  const alike = ours.filter((row) => row.engine === undefined && isOnLitert(row) === isOnLitert(sharder));
  const one = alike.find(({ workers }) => workers?.length === 1);
  const several = alike.find(({ workers }) => (workers?.length ?? 0) > 1);
  if (one !== undefined && several !== undefined) {
    ratios[`sharder, ${several.workers?.length} workers ÷ 1`] = compare(several, one);
  }
  return ratios;
}

/** Of medians, with the spread over the rounds. @param {Row} a @param {Row} b @returns {Ratio} */
function compare(a, b) {
  const perRound = a.runItemsPerSecond.flatMap((value, round) => {
    const other = b.runItemsPerSecond[round];
    return other === undefined ? [] : [value / other];
  });
  const value = a.itemsPerSecond.median / b.itemsPerSecond.median;
  return { value, min: Math.min(...perRound), max: Math.max(...perRound) };
}

/** @param {MeasuredModel} measured */
function refusalNotes({ title, sweeps }) {
  return Object.entries(sweeps).flatMap(([subject, { trials, refusals }]) =>
    refusals.map(({ variant, reason }) => {
      const isTimed = trials.length > 0;
      return `${title}, ${subject}: ${isTimed ? "" : "not timed; "}${variant.format} in calls of ${variant.callItemCount}: ${firstLine(reason)}`;
    }),
  );
}

/** @param {unknown} error */
function messageOf(error) {
  return firstLine(error instanceof Error ? error.message : String(error));
}

/** @param {string} text */
function firstLine(text) {
  return text.split("\n", 1)[0]?.slice(0, 300) ?? "";
}
