// When a model is cut elsewhere because its workers' rates have changed, on the test's own clock.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { added, startLayers } from "../../../fixtures/adding-sharder.js";
import { batch } from "../../../fixtures/negating-sharder.js";

let nowMs = 1e6;
beforeEach(() => {
  vi.spyOn(performance, "now").mockImplementation(() => (nowMs += 1));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Eight layers of 1 ms on two workers, the first of which takes `factor` times as long. */
async function start() {
  const rates = { factor: 1 };
  const { sharder, workers } = await startLayers(8, {
    layerMs: (worker) => (worker === workers[0] ? rates.factor : 1),
  });
  await sharder.predict(batch(200));
  const layersOfFirst = (): number => {
    const { plan } = sharder;
    const stages = plan.split === "layers" ? plan.stages : [];
    const own = stages.find(({ workerIds }) => workerIds.includes(workers[0]!.name));
    return own === undefined ? 0 : own.lastLayer - own.firstLayer + 1;
  };
  return { sharder, rates, layersOfFirst };
}

it("does not re-cut if the planner treats the workers as equal and would return the same stages", async () => {
  const { sharder, rates, layersOfFirst } = await start();
  let rebalances = 0;
  sharder.addEventListener("rebalance", () => rebalances++);
  rates.factor = 1.14;
  expect(Object.values(await sharder.predict(batch(5000)))).toEqual([added(5000, 8)]);
  expect(layersOfFirst()).toBe(4);
  expect(rebalances).toBe(0);
});

it("re-cuts for a long job, though that did not pay for the short ones before", async () => {
  const { sharder, rates, layersOfFirst } = await start();
  expect(layersOfFirst()).toBe(4);
  rates.factor = 4;
  for (let i = 0; i < 30; i++) await sharder.predict(batch(3));
  expect(layersOfFirst()).toBe(4);
  expect(Object.values(await sharder.predict(batch(5000)))).toEqual([added(5000, 8)]);
  // 8 ÷ (1 + 1/4) layers on the fast one: the slowest stage takes 7 ms with 7 of them, 8 ms with 6.
  expect(layersOfFirst()).toBe(1);
});
