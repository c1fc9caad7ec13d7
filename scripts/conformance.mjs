// `npm run conformance -- --models DIR --json FILE` runs every model of a folder whole, sharded and cut, in a real
// browser, and compares the outputs. `--cases DIR` runs small models against outputs that are stored with them; `--engines A,B` runs
// these models, cases and fixtures on each of several engines.
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { chromiumArgs, ensureChromium } from "./browser.mjs";
import { runCases } from "./conformance-cases.mjs";
import { runEngines } from "./conformance-engines.mjs";
import { printRows, progressOf } from "./conformance-report.mjs";
import { ensureInstalled } from "./install.mjs";
import { endChildrenOnSignals, root, tool } from "./run.mjs";
import { serve } from "./serve.mjs";

/** @typedef {import("./conformance-report.mjs").Row} Row */
/** @typedef {{ name: string, path: string, byteCount: number }} Model */

const backendNames = ["wasm", "cpu", "webgl", "webgpu"];
const engineNames = ["tfjs", "litert", "onnx"];

const help = `npm run conformance -- [options]

  --models DIR     folder of models: every folder in it with a model.json, at any depth; default: the environment
                   variable SHARDER_MODELS_DIR, or ../shared/models
  --cases DIR      instead, small models with stored outputs: every folder in it with a model.json and a case.json, on wasm and cpu
                   or --backends, whole, in shards and cut, optimised and not
  --engines A,B    instead, everything on each of these, out of ${engineNames.join(", ")}: the models, the cases of --cases (default:
                   tests/cases, and ../shared/cases where it exists) and the fixtures (TF.js, Keras, .tflite, .onnx), whole and in
                   shards on wasm or --backends webgpu; each has to give what its own framework recorded, or TF.js gives, within
                   1e-4 of the largest value, or is refused with a reason, which is printed
  --json FILE      write the results to FILE
  --backends A,B   run every model on each of these, out of ${backendNames.join(", ")}. Default: every model on wasm, or on
                   cpu if TF.js itself can't run it on wasm, and the two smallest also on webgl and webgpu
  --only A,B       only models whose path contains A or B
  --cuts N         at most N single cuts of the original model, and as many of the optimised one; default 60
  --seconds S      limit for a model on a backend; default 240, for a case 60
`;

/** Fewer single cuts on the GPU backends, which are slow when computed in software. */
const GPU_CUT_COUNT = 3;

/** Wrong usage ends the process with code 2. @param {readonly string[]} args */
function readOptions(args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        models: { type: "string" },
        cases: { type: "string" },
        engines: { type: "string" },
        json: { type: "string" },
        backends: { type: "string" },
        only: { type: "string" },
        cuts: { type: "string", default: "60" },
        seconds: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    const backends = values.backends?.split(",");
    const unknown = backends?.find((name) => !backendNames.includes(name));
    if (unknown !== undefined)
      throw new Error(`Expected --backends to be some of ${backendNames.join(", ")}, received ${unknown}.`);
    const engines = values.engines?.split(",");
    const stranger = engines?.find((name) => !engineNames.includes(name));
    if (stranger !== undefined)
      throw new Error(`Expected --engines to be some of ${engineNames.join(", ")}, received ${stranger}.`);
    const [backend = "wasm", ...more] = backends ?? [];
    if (engines !== undefined && (more.length > 0 || !["wasm", "webgpu"].includes(backend)))
      throw new Error(`Expected --backends to be wasm or webgpu with --engines, received ${values.backends}.`);
    const isQuick = values.cases !== undefined && engines === undefined;
    const [cuts, seconds] = [Number(values.cuts), Number(values.seconds ?? (isQuick ? 60 : 240))];
    if (!Number.isInteger(cuts) || cuts < 1)
      throw new Error(`Expected --cuts to be 1 or more, received ${values.cuts}.`);
    if (!(seconds > 0)) throw new Error(`Expected --seconds to be above 0, received ${values.seconds}.`);
    return { ...values, backends, engines, cuts, seconds };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(`\n${help}`);
    process.exit(2);
  }
}

/** The models, smallest first. @param {string} folder @param {readonly string[]} only @returns {Model[]} */
function findModels(folder, only) {
  if (!existsSync(folder))
    throw new Error(
      `Expected a folder of models at ${folder}, received a path that does not exist: correct --models or SHARDER_MODELS_DIR.`,
    );
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const found = files
    .filter((file) => basename(file) === "model.json")
    .map((file) => {
      const path = join(folder, dirname(file));
      const sizes = readdirSync(path).map((name) => statSync(join(path, name)));
      const byteCount = sizes.reduce((total, stats) => total + (stats.isFile() ? stats.size : 0), 0);
      return { name: relative(folder, path) || basename(folder), path: relative(folder, path), byteCount };
    });
  const chosen = found.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));
  if (chosen.length === 0)
    throw new Error(
      `Expected models in ${folder}, received no model.json${only.length > 0 ? " under these names" : ""}: correct --models or --only.`,
    );
  return chosen.toSorted((a, b) => a.byteCount - b.byteCount);
}

/**
 * The runs: a model with a list of backends, of which the first one that TF.js can run the model on is used.
 * @param {readonly Model[]} models
 * @param {ReturnType<typeof readOptions>} options
 */
function planRuns(models, { backends, cuts }) {
  const run = (/** @type {Model} */ model, /** @type {string[]} */ tried) => ({
    model,
    backends: tried,
    mostCuts: tried.some((name) => name.startsWith("web")) ? Math.min(cuts, GPU_CUT_COUNT) : cuts,
  });
  if (backends !== undefined) return models.flatMap((model) => backends.map((backend) => run(model, [backend])));
  return [
    ...models.map((model) => run(model, ["wasm", "cpu"])),
    ...models.slice(0, 2).flatMap((model) => [run(model, ["webgl"]), run(model, ["webgpu"])]),
  ];
}

/**
 * Check one model in a page of its own, which is closed whatever happens in it.
 * @param {import("playwright").Browser} browser
 * @param {string} serverUrl
 * @param {ReturnType<typeof planRuns>[number]} run
 * @param {number} limitMs
 * @returns {Promise<Row>}
 */
async function check(browser, serverUrl, { model, backends, mostCuts }, limitMs) {
  const startMs = performance.now();
  const context = await browser.newContext();
  /** @type {Partial<Row>} */
  let known = { status: "running", backend: backends[0] ?? "", notes: [], failures: [] };
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  try {
    const page = await context.newPage();
    await page.exposeFunction("reportRow", (/** @type {Row} */ row) => (known = row));
    const ended = new Promise((_, reject) => {
      page.on("crash", () => reject(new Error("the page crashed, perhaps out of memory")));
      timer = setTimeout(() => reject(new Error(`not finished after ${limitMs / 1000} s`)), limitMs);
    });
    ended.catch(() => {});
    await page.goto(serverUrl);
    const path = [...model.path.split(/[\\/]/), "model.json"].filter((part) => part !== "").map(encodeURIComponent);
    const url = `${serverUrl}conformance/${path.join("/")}`;
    const request = { url, backends, mostCuts };
    const running = page.evaluate(`harness.checkModel(${JSON.stringify(request)}, reportRow)`);
    known = /** @type {Row} */ (await Promise.race([running, ended]));
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 300) : String(error);
    known = { ...known, status: "differs", failures: [...(known.failures ?? []), reason] };
  } finally {
    clearTimeout(timer);
    // A page that hangs does not close by itself.
    await Promise.race([context.close(), new Promise((done) => setTimeout(done, 5_000))]);
  }
  return /** @type {Row} */ ({
    ...known,
    model: model.name,
    seconds: Math.round((performance.now() - startMs) / 1000),
  });
}

/** A build that fails ends the process with its code. */
async function buildHarness() {
  const built = await tool("vite", ["build", "--logLevel", "warn", "--mode", "harness"]);
  if (built.code !== 0) process.exit(built.code);
}

const options = readOptions(process.argv.slice(2));
if (options.help) {
  console.log(help);
  process.exit(0);
}
endChildrenOnSignals();
try {
  await ensureInstalled();
  if (options.cases !== undefined && options.engines === undefined) {
    await buildHarness();
    const { backends = ["wasm", "cpu"], seconds, json } = options;
    const only = options.only?.split(",") ?? [];
    const isClean = await runCases({ folder: resolve(root, options.cases), only, backends, seconds, json });
    process.exit(isClean ? 0 : 1);
  }
  const folder = resolve(root, options.models ?? process.env["SHARDER_MODELS_DIR"] ?? "../shared/models");
  const only = options.only?.split(",") ?? [];
  if (options.engines !== undefined) {
    await buildHarness();
    const { engines, backends: [backend = "wasm"] = [], seconds, json, cases } = options;
    const caseFolders = (cases === undefined ? ["tests/cases", "../shared/cases"] : [cases]).map((each) =>
      resolve(root, each),
    );
    const models = existsSync(folder) ? findModels(folder, []) : [];
    if (models.length === 0) console.error(`No models: there is no folder ${folder}.`);
    const isClean = await runEngines({ folder, models, caseFolders, engines, backend, only, seconds, json });
    process.exit(isClean ? 0 : 1);
  }
  const models = findModels(folder, only);
  await buildHarness();
  const executablePath = await ensureChromium();
  const { chromium } = await import("playwright");
  const server = await serve({ root: join(root, "dist-harness"), mounts: { "/conformance/": folder } });
  /** @type {import("playwright").Browser | undefined} */
  let browser;
  /** @type {Row[]} */
  const rows = [];
  const runs = planRuns(models, options);
  try {
    for (const [index, run] of runs.entries()) {
      // A model may have crashed the whole browser.
      if (browser?.isConnected() !== true) browser = await chromium.launch({ executablePath, args: chromiumArgs() });
      const row = await check(browser, server.url, run, options.seconds * 1000);
      rows.push(row);
      console.error(`${index + 1}/${runs.length} ${progressOf(row)}`);
    }
  } finally {
    await browser?.close();
    await server.close();
  }
  printRows(rows);
  if (options.json !== undefined)
    writeFileSync(resolve(options.json), `${JSON.stringify({ models: folder, rows }, undefined, 2)}\n`);
  process.exitCode = rows.some(({ status }) => status === "differs") ? 1 : 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
