// Results item by item, on scripted workers and on TF.js's CPU backend.
import { expect, it } from "vitest";
import { streamItems } from "../../../src/jobs/stream-items.js";
import { streamRandom } from "../../../src/jobs/stream-random.js";
import { inspectModel } from "../../../src/model/inspect-model.js";
import { assembleSharder } from "../../../src/sharder/assemble-sharder.js";
import { threes } from "../../fixtures/mixing-nets.js";
import { batch, negate, negated, start, tensorOf } from "../../fixtures/negating-sharder.js";
import { someItems } from "../../fixtures/small-graph.js";
import { scriptStages } from "../../fixtures/staged-workers.js";

it("yields one result per item, in order, and an error in place of one that fails everywhere", async () => {
  const { sharder } = await start(async (request, worker) => {
    if (tensorOf(request.inputs.x!).data.includes(3 as never)) throw new Error("three");
    return negate(request, worker);
  });
  const results = [];
  for await (const result of streamItems(sharder, [batch(2), batch(4, 2)])) results.push(result);
  expect(results.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
  for (const { index, outputs, error } of results) {
    if (index === 3) expect(error?.code).toBe("model-failed");
    else expect(outputs).toEqual({ y: negated(1, index) });
  }
});

it("yields as many random items of a model that takes groups as are wanted, with what belongs to a group whole", async () => {
  const { workers: _, ...links } = scriptStages({});
  const sharder = await assembleSharder(inspectModel(threes(), true), { model: threes() }, [{ backend: "cpu" }], links);
  const results = [];
  for await (const { index, outputs } of streamRandom(sharder, { itemCount: 4, freeSize: 1 })) {
    results.push([index, outputs!.y!.shape, outputs!.sum!.shape.length]);
  }
  const rank = results[0]![2];
  expect(results).toEqual([0, 1, 2, 3].map((index) => [index, [1, 2], rank]));
  const rows = [];
  for await (const { outputs } of streamItems(sharder, [someItems(6, [2])])) rows.push(outputs!.y!.shape);
  expect(rows).toEqual(Array.from({ length: 6 }, () => [1, 2]));
  await sharder.dispose();
});
