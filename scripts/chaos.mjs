// `npm run chaos -- --seed S --faults N --json FILE` breaks workers at random in a real browser, while jobs run, and counts what became
// of every item. See `--help`.
import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { chromiumArgs, ensureChromium } from "./browser.mjs";
import { attachChaosBridge, crashArgs } from "./chaos-bridge.mjs";
import { addUp, lostScenario } from "./chaos-report.mjs";
import { ensureInstalled } from "./install.mjs";
import { endChildrenOnSignals, root, tool } from "./run.mjs";
import { serve } from "./serve.mjs";

/** @typedef {import("./chaos-report.mjs").Scenario} Scenario */
/** @typedef {import("./chaos-report.mjs").ScenarioResult} ScenarioResult */

const help = `npm run chaos -- [options]

  --seed S      the seed that decides on models, jobs and faults; default 1
  --faults N    how many faults are injected; from 140 on at least 10 of each kind; default 100
  --engines A,B only scenarios with workers of these, out of tfjs, litert, onnx; default all
  --scenario S  run this scenario alone: JSON, as a failure prints it; or its number among those of --seed and --faults
  --json FILE   write the report to FILE
  --lanes L     scenarios that run at the same time, each in a browser of its own; default 2
  --headed      show the browsers
  --gpu         use the machine's GPU; by default, graphics are computed in software
  --no-build    use the test harness as it was built last

It ends with code 1 if an item was lost, came twice or came wrong.
`;

/** Crashes of the GPU process that one browser has to survive. */
const CRASHES_PER_BROWSER = 3;
/** A scenario that has not ended by then never will, ms. */
const SCENARIO_LIMIT_MS = 400_000;
/** How often faults that found no worker are tried again. */
const MAX_FOLLOW_UPS = 2;

/** Wrong usage ends the process with code 2. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: "string", default: "1" },
        faults: { type: "string", default: "100" },
        engines: { type: "string" },
        scenario: { type: "string" },
        json: { type: "string" },
        lanes: { type: "string", default: "2" },
        headed: { type: "boolean", default: false },
        gpu: { type: "boolean", default: false },
        "no-build": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const whole = (/** @type {"seed" | "faults" | "lanes"} */ name, /** @type {number} */ least) => {
      const value = Number(values[name]);
      if (Number.isSafeInteger(value) && value >= least) return value;
      throw new Error(`Expected --${name} to be whole and at least ${least}, received ${values[name]}.`);
    };
    const engines = values.engines?.split(",");
    const stranger = engines?.find((name) => !["tfjs", "litert", "onnx"].includes(name));
    if (stranger !== undefined)
      throw new Error(`Expected --engines to be some of tfjs, litert, onnx, received ${stranger}.`);
    return { ...values, engines, seed: whole("seed", 0), faults: whole("faults", 1), lanes: whole("lanes", 1) };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(`\n${help}`);
    process.exit(2);
  }
}

/** Browsers for one lane: a new one after some crashes of the GPU process, since Chromium does not survive many. */
class Lane {
  /** @type {import("playwright").Browser | undefined} */
  #browser;
  #crashCount = 0;
  /** @param {string} executablePath @param {boolean} headed @param {string} url */
  constructor(executablePath, headed, url) {
    this.launch = async () => {
      const { chromium } = await import("playwright");
      return chromium.launch({ executablePath, headless: !headed, args: [...chromiumArgs(), ...crashArgs] });
    };
    this.url = url;
  }

  /** @param {Scenario} scenario @returns {Promise<ScenarioResult>} never rejects */
  async run(scenario) {
    const crashes = scenario.faults.filter((kind) => kind === "crash-gpu").length;
    if (this.#crashCount + crashes > CRASHES_PER_BROWSER) await this.close();
    this.#crashCount += crashes;
    const errors = /** @type {string[]} */ ([]);
    let timer;
    try {
      this.#browser ??= await this.launch();
      const page = await this.#browser.newPage();
      page.on("pageerror", (error) => errors.push(`uncaught: ${error.stack ?? error.message}`));
      await attachChaosBridge(page);
      await page.goto(this.url);
      const running = page.evaluate(
        `harness.runScenario(${JSON.stringify(scenario)}, { loop: chaosLoop, crashGpu: chaosCrashGpu })`,
      );
      running.catch(() => {});
      const ended = new Promise((_, reject) => {
        page.on("crash", () => reject(new Error("The page crashed.")));
        timer = setTimeout(
          () => reject(new Error(`No answer within ${SCENARIO_LIMIT_MS / 1_000} s.`)),
          SCENARIO_LIMIT_MS,
        );
      });
      const result = /** @type {ScenarioResult} */ (await Promise.race([running, ended]));
      await page.close();
      return { ...result, problems: [...result.problems, ...errors] };
    } catch (error) {
      await this.close();
      const what = error instanceof Error ? error.message : String(error);
      return lostScenario([what, ...errors].join("\n    "));
    } finally {
      clearTimeout(timer);
    }
  }

  async close() {
    const browser = this.#browser;
    this.#browser = undefined;
    this.#crashCount = 0;
    await browser?.close().catch(() => {});
  }
}

/** @param {string} url @param {string} executablePath @param {string} expression gives scenarios @returns {Promise<Scenario[]>} */
async function planned(url, executablePath, expression) {
  const { chromium } = await import("playwright");
  const browser = await chromium.launch({ executablePath, args: chromiumArgs() });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    return /** @type {Scenario[]} */ (await page.evaluate(expression));
  } finally {
    await browser.close();
  }
}

/** @param {readonly Scenario[]} scenarios @param {readonly Lane[]} lanes @returns {Promise<ScenarioResult[]>} */
async function runAll(scenarios, lanes) {
  const waiting = [...scenarios];
  /** @type {ScenarioResult[]} */
  const results = [];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let scenario = waiting.shift(); scenario !== undefined; scenario = waiting.shift()) {
        const result = await lane.run(scenario);
        results.push(result);
        const what = `${scenario.split} on ${scenario.backends.join(", ")}${scenario.verify === undefined ? "" : `, verify ${scenario.verify}`}`;
        const { lost, duplicated, wrong, items, jobCount, tookMs, notInjected } = result;
        console.log(
          `scenario ${scenario.seed}: ${what}; ${scenario.faults.length - notInjected.length} faults, ${jobCount} jobs, ` +
            `${items} items, ${lost} lost, ${duplicated} duplicated, ${wrong} wrong; ${(tookMs / 1_000).toFixed(1)} s`,
        );
        for (const problem of result.problems) console.error(`  scenario ${JSON.stringify(scenario)}: ${problem}`);
      }
    }),
  );
  return results;
}

const options = readOptions();
if (options.help) {
  console.log(help);
  process.exit(0);
}
endChildrenOnSignals();
await ensureInstalled();
if (options.gpu) process.env["SHARDER_GPU"] = "1";
if (!options["no-build"] || !existsSync(join(root, "dist-harness", "index.html"))) {
  const built = await tool("vite", ["build", "--logLevel", "warn", "--mode", "harness"]);
  if (built.code !== 0) process.exit(built.code);
}
const executablePath = await ensureChromium();
const server = await serve({ root: join(root, "dist-harness") });
const lanes = Array.from({ length: options.lanes }, () => new Lane(executablePath, options.headed, server.url));
const startMs = Date.now();
// A further argument of the functions in the page.
const onEngines = options.engines === undefined ? "" : `, ${JSON.stringify(options.engines)}`;
try {
  const chosen = options.scenario;
  /** @type {Scenario[]} */
  const scenarios =
    chosen?.startsWith("{") === true
      ? [JSON.parse(chosen)]
      : (
          await planned(server.url, executablePath, `harness.planChaos(${options.seed}, ${options.faults}${onEngines})`)
        ).filter(({ seed }) => chosen === undefined || String(seed) === chosen);
  if (scenarios.length === 0) throw new Error(`Expected --scenario to be one of these, received ${chosen}.`);
  const results = await runAll(scenarios, lanes);
  for (let round = 1; round <= MAX_FOLLOW_UPS; round++) {
    const left = results.splice(0).flatMap((result) => {
      results.push({ ...result, notInjected: [] });
      return result.notInjected;
    });
    if (left.length === 0 || results.some(({ lost }) => lost > 0)) break;
    console.log(`${left.length} faults found no worker; they are tried again: ${left.join(", ")}`);
    const seed = options.seed + round * 1_000_003;
    const further = await planned(
      server.url,
      executablePath,
      `harness.dealFaults(${seed}, ${JSON.stringify(left)}${onEngines})`,
    );
    results.push(...(await runAll(further, lanes)));
  }
  const report = {
    seed: options.seed,
    faults: options.faults,
    ...addUp(results),
    seconds: Math.round((Date.now() - startMs) / 1_000),
  };
  if (options.json !== undefined) writeFileSync(resolve(options.json), `${JSON.stringify(report, undefined, 2)}\n`);
  const { problems, ...figures } = report;
  console.log(JSON.stringify(figures, undefined, 2));
  process.exitCode = report.lost + report.duplicated + report.wrong + problems.length > 0 ? 1 : 0;
} finally {
  await Promise.all(lanes.map((lane) => lane.close()));
  await server.close();
}
