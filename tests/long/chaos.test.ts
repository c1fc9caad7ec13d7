// Hundreds of seeded cases in which workers come, go, crash and fail, as long as the time for it lasts.
import { expect, it } from "vitest";
import { BATCH_OUTCOMES, runBatchCase } from "../chaos/batch-chaos.js";
import { expectLayersOutcomes, runLayersCase } from "../chaos/layers-chaos.js";
import { forSeeds, timeBoxMs } from "./for-seeds.js";

const timeout = timeBoxMs + 60_000;

it("by batch", { timeout }, async () => {
  await forSeeds("batch", async (seed) => {
    const outcomes = await runBatchCase(seed);
    for (const outcome of outcomes)
      expect({ seed, outcome }).toEqual({ seed, outcome: expect.toBeOneOf(BATCH_OUTCOMES) });
  });
});

it("by layers", { timeout }, async () => {
  await forSeeds("layers", async (seed) => {
    const { outcomes, isLimited } = await runLayersCase(seed, true);
    expectLayersOutcomes(seed, outcomes, isLimited);
  });
});
