// Scenario after scenario of `npm run chaos`, as long as the time for it lasts.
import { expect, it } from "vitest";
import type { Page } from "playwright";
import type { Scenario } from "../../chaos/page/plan-chaos.js";
import type { ScenarioResult } from "../../chaos/page/run-scenario.js";
import { openChaos } from "../../harness/launch.js";
import { firstSeed, forSeeds, timeBoxMs } from "../for-seeds.js";

/** Faults of every kind, in two scenarios. */
const FAULT_COUNT = 14;
/** In one scenario for each of the other engines. */
const ENGINE_FAULT_COUNT = 8;

function run(page: Page, scenario: Scenario): Promise<ScenarioResult> {
  return page.evaluate((scenario) => {
    const { chaosLoop, chaosCrashGpu } = globalThis as unknown as {
      chaosLoop: (name: string) => Promise<boolean>;
      chaosCrashGpu: () => Promise<boolean>;
    };
    return harness.runScenario(scenario, { loop: chaosLoop, crashGpu: chaosCrashGpu });
  }, scenario);
}

/** @param engine as in `planChaos` */
async function survive(seed: number, faultCount: number, engine?: string): Promise<void> {
  const opened = await openChaos();
  try {
    const scenarios = await opened.page.evaluate(
      ([seed, count, engine]) => harness.planChaos(seed, count, engine === undefined ? undefined : [engine]),
      [seed, faultCount, engine] as const,
    );
    for (const scenario of scenarios) {
      const { lost, duplicated, wrong, problems } = await run(opened.page, scenario);
      expect({ scenario, lost, duplicated, wrong, problems }).toEqual({
        scenario,
        lost: 0,
        duplicated: 0,
        wrong: 0,
        problems: [],
      });
    }
  } finally {
    await opened.close();
  }
}

it("loses no item, computes none twice and none wrong", { timeout: timeBoxMs + 300_000 }, async () => {
  await forSeeds("chaos", (seed) => survive(seed, FAULT_COUNT), 1);
});

// With LiteRT, the scenario mixes its workers with those of TF.js.
it.each(["litert", "onnx"])("nor with workers of %s", { timeout: 300_000 }, async (engine) => {
  await survive(firstSeed, ENGINE_FAULT_COUNT, engine);
});
