// A graph that mixes its items is never said to keep them apart. Oracle: each random graph, run on a batch and on its items.
import "@tensorflow/tfjs-backend-cpu";
import { expect, it } from "vitest";
import { inspectModel } from "../../../../src/model/inspect-model.js";
import { runBothWays } from "../../../fixtures/batch-oracle.js";
import { someItems } from "../../../fixtures/small-graph.js";
import { randomMoves } from "../../../fixtures/random-moves.js";

/** SHARDER_GRAPHS=2000 tries more. */
const graphCount = Number(process.env["SHARDER_GRAPHS"] ?? 100);
const ITEM_SHAPES = [[3], [2, 3], [4, 6], [5, 2, 2]];

it(`none of ${graphCount} random graphs that mix their items is called one of rows`, { timeout: 600_000 }, async () => {
  const seen = { rows: 0, mixed: 0, unknown: 0, needlessly: 0 };
  for (let seed = 1; seed <= graphCount; seed++) {
    const itemShape = ITEM_SHAPES[seed % ITEM_SHAPES.length]!;
    const itemCount = 2 + (seed % 4);
    const model = randomMoves(seed, itemShape, itemCount);
    const { verdict } = inspectModel(model, false).batch;
    seen[verdict]++;
    if (verdict === "unknown") continue;
    const found = await runBothWays(model, someItems(itemCount, itemShape, seed));
    if (verdict === "rows") expect([seed, found]).toEqual([seed, "rows"]);
    else if (found === "rows") seen.needlessly++;
  }
  expect(seen.rows).toBeGreaterThan(graphCount / 8);
  expect(seen.mixed).toBeGreaterThan(graphCount / 8);
  // Some mix only items beyond those that are run here.
  expect(seen.needlessly).toBeLessThan(graphCount / 25);
});
