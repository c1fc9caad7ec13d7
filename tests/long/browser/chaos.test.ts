// Scenario after scenario of `npm run chaos`, as long as the time for it lasts.
import { expect, it } from "vitest";
import type { Page } from "playwright";
import type { Scenario } from "../../chaos/page/plan-chaos.js";
import type { ScenarioResult } from "../../chaos/page/run-scenario.js";
import { openChaos } from "../../harness/launch.js";
import { forSeeds, timeBoxMs } from "../for-seeds.js";

/** Faults of every kind, in two scenarios. */
const FAULT_COUNT = 14;

function run(page: Page, scenario: Scenario): Promise<ScenarioResult> {
  return page.evaluate((scenario) => {
    const { chaosLoop, chaosCrashGpu } = globalThis as unknown as {
      chaosLoop: (name: string) => Promise<boolean>;
      chaosCrashGpu: () => Promise<boolean>;
    };
    return harness.runScenario(scenario, { loop: chaosLoop, crashGpu: chaosCrashGpu });
  }, scenario);
}

it("loses no item, computes none twice and none wrong", { timeout: timeBoxMs + 300_000 }, async () => {
  await forSeeds(
    "chaos",
    async (seed) => {
      const opened = await openChaos();
      try {
        const scenarios = await opened.page.evaluate(([seed, count]) => harness.planChaos(seed, count), [
          seed,
          FAULT_COUNT,
        ] as const);
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
    },
    1,
  );
});
