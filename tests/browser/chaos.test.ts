// Random faults of those kinds that are over quickly, in real workers. `npm run chaos` and tests/long/browser/chaos.test.ts have them all.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openChaos, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openChaos();
});
afterAll(async () => {
  await opened.close();
});

const none = { lost: 0, duplicated: 0, wrong: 0, notInjected: [], problems: [] };

it("loses no item, computes none twice and none wrong, by batch on mixed backends, while workers suffer faults", async () => {
  const result = await opened.page.evaluate(() =>
    harness.runScenario(
      {
        seed: 1,
        split: "batch",
        backends: ["wasm", "webgl", "cpu"],
        verify: undefined,
        faults: ["kill", "fail", "terminate", "lose-context", "exhaust", "slow", "delay"],
      },
      { loop: async () => false, crashGpu: async () => false },
    ),
  );
  expect(result).toMatchObject(none);
  expect(result.items).toBeGreaterThan(50);
});

it("the same by layers", async () => {
  const result = await opened.page.evaluate(() =>
    harness.runScenario(
      {
        seed: 2,
        split: "layers",
        backends: ["wasm", "wasm"],
        verify: undefined,
        faults: ["fail", "kill", "slow", "exhaust", "terminate"],
      },
      { loop: async () => false, crashGpu: async () => false },
    ),
  );
  expect(result).toMatchObject(none);
  expect(result.items).toBeGreaterThan(50);
});
