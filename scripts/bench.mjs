// `npm run bench -- --suite NAME --json FILE` measures in a real browser. See the README and `--help`.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { renderReport } from "./bench-html.mjs";
import { canMeasureMemory, measureMemory } from "./bench-memory.mjs";
import { measurePeers } from "./bench-peers.mjs";
import { describeMachine, mergeSuites, printSuite } from "./bench-report.mjs";
import { measureStartup } from "./bench-startup.mjs";
import { chromiumArgs, ensureChromium } from "./browser.mjs";
import { ensureInstalled } from "./install.mjs";
import { endChildrenOnSignals, root, tool } from "./run.mjs";
import { serve } from "./serve.mjs";

/** @typedef {import("./bench-report.mjs").Suite} Suite */

const help = `npm run bench -- [options]

  --suite NAME    ${"batch | auto | scaling | layers | optimise | recurrent | overhead | rebalance | shares | planner | faults | ui | memory | startup | peers | all"}; default batch
  --json FILE     write the report to FILE
  --html FILE     write it to FILE as one page with plots, too
  --note TEXT     added to the report's notes, such as what else ran on the machine
  --runs N        measured runs of every subject; default 7
  --seconds S     limit for each suite, which still does at least 3 runs; default 420
  --models DIR    folder with more models for batch, each in a folder with a model.json; default: the environment
                  variable SHARDER_MODELS_DIR, or ../shared/models if it exists; "none" for the bundled models alone
  --only A,B      only models for batch whose name contains A or B
  --gpu           use the machine's GPU; by default, graphics are computed in software
  --check         fail on a missed target
`;

const suiteNames = [
  "batch",
  "auto",
  "scaling",
  "layers",
  "optimise",
  "recurrent",
  "overhead",
  "rebalance",
  "shares",
  "planner",
  "faults",
  "ui",
  "memory",
  "startup",
  "peers",
];

/** Wrong usage ends the process with code 2. @param {readonly string[]} args */
function readOptions(args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        suite: { type: "string", default: "batch" },
        json: { type: "string" },
        html: { type: "string" },
        note: { type: "string" },
        runs: { type: "string", default: "7" },
        seconds: { type: "string", default: "420" },
        models: { type: "string" },
        only: { type: "string" },
        gpu: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    // The models of peers are made separately, so it is left to those who name it.
    const measurable = suiteNames.filter((name) => name !== "peers" && (name !== "memory" || canMeasureMemory));
    const suites = values.suite === "all" ? measurable : values.suite.split(",");
    const unknown = suites.find((name) => !suiteNames.includes(name));
    if (unknown !== undefined)
      throw new Error(`Expected --suite to be all, or some of ${suiteNames.join(", ")}, received ${unknown}.`);
    const runs = Number(values.runs);
    const seconds = Number(values.seconds);
    if (!Number.isInteger(runs) || runs < 1)
      throw new Error(`Expected --runs to be 1 or more, received ${values.runs}.`);
    if (!(seconds > 0)) throw new Error(`Expected --seconds to be above 0, received ${values.seconds}.`);
    return { ...values, suites, runs, seconds };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(`\n${help}`);
    process.exit(2);
  }
}

/**
 * The folders with a model.json.
 * @param {string | undefined} chosen
 * @returns {{ folder: string, names: string[] } | undefined}
 */
function findExtraModels(chosen) {
  if (chosen === "none") return undefined;
  const named = chosen ?? process.env["SHARDER_MODELS_DIR"];
  const folder = resolve(root, named ?? "../shared/models");
  if (!existsSync(folder)) {
    if (named !== undefined)
      throw new Error(
        `Expected a folder of models at ${folder}, received a path that does not exist: correct --models or SHARDER_MODELS_DIR.`,
      );
    return undefined;
  }
  return { folder, names: readdirSync(folder).filter((name) => existsSync(join(folder, name, "model.json"))) };
}

/**
 * Processor time of all processes of the browser together, ms: unlike the time on the clock, hardly changed by what else the machine does.
 * @param {import("playwright").CDPSession} session
 */
async function processorMs(session) {
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return 1e3 * processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/**
 * @param {ReturnType<typeof readOptions>} options
 * @returns {Promise<{ browser: string, adapter: Record<string, string | boolean>, suites: Suite[] }>}
 */
async function measure({ suites, runs, seconds, models, only }) {
  const extra = findExtraModels(models);
  const mounts = { "/models/": join(root, "public", "models"), ...(extra ? { "/extra/": extra.folder } : {}) };
  const executablePath = await ensureChromium();
  const { chromium } = await import("playwright");
  const browser = await chromium.launch({ executablePath, args: chromiumArgs() });
  const server = await serve({ root: join(root, "dist-bench"), mounts });
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.error(error));
    page.on("console", (message) => {
      const text = message.text();
      if (text.startsWith("bench: ")) console.error(text.slice("bench: ".length));
      else if (message.type() === "error") console.error(text);
    });
    const crashed = new Promise((_, reject) =>
      page.on("crash", () => reject(new Error("The page crashed, perhaps out of memory."))),
    );
    crashed.catch(() => {});
    const session = await browser.newBrowserCDPSession();
    await page.exposeFunction("processorMs", () => processorMs(session));
    await page.goto(server.url);
    const request = {
      runs,
      seconds,
      extraModels: (extra?.names ?? []).map((name) => ({
        name,
        url: `${server.url}extra/${encodeURIComponent(name)}/model.json`,
      })),
      only: only?.split(",") ?? [],
    };
    /** @type {Suite[]} */
    const measured = [];
    for (const suite of suites) {
      if (suite === "memory") {
        measured.push(await measureMemory(executablePath, { runs, seconds }));
        continue;
      }
      if (suite === "startup") {
        measured.push(await measureStartup(browser, server.url, request));
        continue;
      }
      if (suite === "peers") {
        measured.push(await measurePeers(executablePath, { runs, seconds, only: request.only }));
        continue;
      }
      const running = page.evaluate(`bench.runSuite(${JSON.stringify(suite)}, ${JSON.stringify(request)})`);
      measured.push(/** @type {Suite} */ (await Promise.race([running, crashed])));
    }
    const adapter = /** @type {Record<string, string | boolean>} */ (await page.evaluate("bench.readAdapter()"));
    return { browser: `Chromium ${browser.version()}`, adapter, suites: measured };
  } finally {
    await browser.close();
    await server.close();
  }
}

const options = readOptions(process.argv.slice(2));
if (options.help) {
  console.log(help);
  process.exit(0);
}
endChildrenOnSignals();
try {
  await ensureInstalled();
  if (options.gpu) process.env["SHARDER_GPU"] = "1";
  const machine = describeMachine();
  if (machine.loadAverage > 0.5)
    console.error(`The machine is busy (load ${machine.loadAverage}), so the figures will suffer.`);
  const built = await tool("vite", ["build", "--logLevel", "warn", "--mode", "bench"]);
  if (built.code !== 0) process.exit(built.code);
  const { browser, adapter, suites } = await measure(options);
  console.log(`\n${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os} · ${browser}`);
  console.log(`WebGPU: ${adapter["webgpu"]} · WebGL: ${adapter["webgl"]}`);
  const missedCount = suites.map(printSuite).reduce((sum, count) => sum + count, 0);
  const merged = mergeSuites(suites);
  if (options.note !== undefined) merged.notes.unshift(options.note);
  const report = { machine, browser, adapter, suite: options.suite, runs: options.runs, ...merged };
  if (options.json !== undefined) writeFileSync(resolve(options.json), `${JSON.stringify(report, undefined, 2)}\n`);
  if (options.html !== undefined) writeFileSync(resolve(options.html), renderReport(report));
  const failed = merged.errors.length > 0 || (options.check && missedCount > 0);
  console.log(`\n${merged.errors.length} wrong, ${missedCount} targets missed`);
  process.exitCode = failed ? 1 : 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
