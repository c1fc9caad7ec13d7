import fc from "fast-check";
import { expect, it } from "vitest";
import type { LayerPlan, ModelInfo } from "../../../../src/index.js";
import { layerRows, sortRows, stripPieces, type LayerRow } from "../../../../src/ui/layers/layer-rows.js";
import { stageText } from "../../../../src/ui/layers/stage-list.js";

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const layer = (name: string, ms: number | undefined, weightBytes = 0) => ({
  name,
  op: "Conv2D",
  weightBytes,
  outputBytes: 100,
  flops: undefined,
  ms,
});
const model: Pick<ModelInfo, "layers" | "cuts"> = {
  layers: [layer("a", 1), layer("b", 5, 40), layer("c", undefined), layer("d", 4, 20)],
  cuts: [
    { layer: 1, liveBytes: 300 },
    { layer: 3, liveBytes: 900 },
  ],
};
const stage = (firstLayer: number, lastLayer: number, ...workerIds: string[]) => ({
  firstLayer,
  lastLayer,
  workerIds,
  ms: 2,
  queueDepth: 0,
});
const plan: LayerPlan = { split: "layers", stages: [stage(0, 2, "w1"), stage(3, 3, "w2", "w3")] };
const names = (rows: readonly LayerRow[]) => rows.map(({ name }) => name).join("");

it("knows each layer's stage, and the bytes that cross a cut in front of it", () => {
  const rows = layerRows(model, plan);
  expect(rows.map((row) => [row.name, row.stage, row.cutBytes])).toEqual([
    ["a", 0, undefined],
    ["b", 0, 300],
    ["c", 0, undefined],
    ["d", 1, 900],
  ]);
  expect(layerRows(model, { split: "batch", shares: {} }).map((row) => row.stage)).toEqual(Array(4).fill(undefined));
});

it("sorts by cost, cut and weights, what is unknown last, and both ways", () => {
  const rows = layerRows(model, plan);
  expect(names(sortRows(rows, "place"))).toBe("abcd");
  expect(names(sortRows(rows, "place", true))).toBe("dcba");
  expect(names(sortRows(rows, "cost"))).toBe("bdac");
  expect(names(sortRows(rows, "cost", true))).toBe("adbc");
  expect(names(sortRows(rows, "cut"))).toBe("dbac");
  expect(names(sortRows(rows, "weights"))).toBe("bdac");
});

it("divides the strip by cost, joining what is too cheap to be seen with its neighbours, never across stages", () => {
  expect(stripPieces(layerRows(model, plan))).toEqual([
    { stage: 0, firstLayer: 0, lastLayer: 0, part: 0.1 },
    { stage: 0, firstLayer: 1, lastLayer: 1, part: 0.5 },
    { stage: 0, firstLayer: 2, lastLayer: 2, part: 0 },
    { stage: 1, firstLayer: 3, lastLayer: 3, part: 0.4 },
  ]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 2_000 }), (costs) => {
      const many = { layers: costs.map((ms, index) => layer(String(index), ms)), cuts: [] };
      const half = Math.floor(costs.length / 2);
      const stages = half > 0 ? [stage(0, half - 1, "x"), stage(half, costs.length - 1, "y")] : [stage(0, 0, "x")];
      const pieces = stripPieces(layerRows(many, { split: "layers", stages }));
      expect(pieces.reduce((sum, { part }) => sum + part, 0)).toBeCloseTo(1, 6);
      expect(pieces.length).toBeLessThanOrEqual(2 * 240 + 2);
      let next = 0;
      for (const { stage: own, firstLayer, lastLayer } of pieces) {
        expect(firstLayer).toBe(next);
        expect([firstLayer, lastLayer].map((each) => (each < half || half === 0 ? 0 : 1))).toEqual([own, own]);
        next = lastLayer + 1;
      }
      expect(next).toBe(costs.length);
    }),
    { numRuns: 30 },
  );
});

it("says of a stage what it holds, what waits and how often it is idle", () => {
  expect(plain(stageText({ ...stage(3, 3, "w2"), queueDepth: 1 }, 0.25, 900))).toBe(
    "layer 4 · 2.00 ms per item · receives 900 B per item · 1 micro-batch waiting · idle 25 % of the time",
  );
  expect(plain(stageText({ ...stage(0, 2, "w1"), ms: undefined }, undefined, undefined))).toBe(
    "layers 1–3 · nothing waits",
  );
});
