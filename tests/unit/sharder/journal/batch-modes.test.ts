// Journals of models that take their items in every way, on the real engine: what was recorded is what a run gives.
import { expect, it } from "vitest";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import type { Outputs } from "../../../../src/protocol/tensors.js";
import { assembleSharder } from "../../../../src/sharder/assemble-sharder.js";
import type { SharderOptions } from "../../../../src/sharder/options.js";
import { openCpuWorker } from "../../../fixtures/engine-sharder.js";
import { MemoryFolder, openJournalsOn } from "../../../fixtures/memory-journals.js";
import { ones, positions, statistic, threes } from "../../../fixtures/mixing-nets.js";
import { randomNet } from "../../../fixtures/random-net.js";
import { someItems } from "../../../fixtures/small-graph.js";
import { scriptStages } from "../../../fixtures/staged-workers.js";

/** Run a batch twice, each time on a sharder of its own. */
async function runTwice(model: ModelArtifacts, itemShape: readonly number[], resumedBy: Partial<SharderOptions> = {}) {
  const folder = new MemoryFolder();
  const inputs = someItems(12, itemShape, 1);
  const run = async (options: Partial<SharderOptions>) => {
    const { openPlanner } = scriptStages({});
    const links = { openWorker: openCpuWorker, openPlanner, openJournals: openJournalsOn(folder) };
    const all = { model, quantumMs: 1, ...options };
    const specs = [{ backend: "cpu" }, { backend: "cpu" }] as const;
    const sharder = await assembleSharder(inspectModel(structuredClone(model), true), all, specs, links);
    let attemptCount = 0;
    sharder.addEventListener("attempt", () => attemptCount++);
    const predicted = await sharder.predict(inputs, { journal: "predict" });
    const streamed = [];
    const journal = { name: "stream", key: "s" };
    for await (const { firstItem, outputs } of sharder.stream([inputs, inputs], { journal })) {
      streamed.push({ firstItem, outputs });
    }
    await sharder.dispose();
    return { predicted, streamed, attemptCount };
  };
  const first = await run({ split: "auto" });
  const second = await run({ split: "auto", ...resumedBy });
  return { first, second };
}

/** All values of a stream by output, in the order of the items. */
function valuesOf(shards: readonly { readonly outputs: Outputs }[]): Record<string, unknown[]> {
  const all: Record<string, unknown[]> = {};
  for (const { outputs } of shards) {
    for (const [name, output] of Object.entries(outputs)) {
      for (const { data } of output.dtype === "ragged" ? output.items : [output]) (all[name] ??= []).push(...data);
    }
  }
  return all;
}

it.each([
  ["single items", randomNet({ seed: 3 }), [8, 8, 3]],
  ["items one by one", ones(), [4]],
  ["groups, with an output without rows", threes(), [2]],
  ["whole batches", statistic(), [4]],
  ["whole batches, with a result of any length", positions(), [4]],
] as const)("gives back what a model gave that takes %s", async (_, model, itemShape) => {
  const { first, second } = await runTwice(model, itemShape);
  expect(first.attemptCount).toBeGreaterThan(0);
  expect(second.attemptCount).toBe(0);
  expect(second.predicted).toEqual(first.predicted);
  // Shards may be divided otherwise.
  expect(valuesOf(second.streamed)).toEqual(valuesOf(first.streamed));
});

it("resumes by layers what was recorded by batch", async () => {
  const { first, second } = await runTwice(randomNet({ seed: 3 }), [8, 8, 3], { split: "layers" });
  expect(second.attemptCount).toBe(0);
  expect(second.predicted).toEqual(first.predicted);
});
