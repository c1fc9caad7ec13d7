import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planStages } from "../../../../src/core/stages/plan-stages.js";
import { prefersLayers } from "../../../../src/core/stages/prefer-layers.js";

/** The slowest stage of the best plan, without transfers. */
function bestStageMs(layerMs: readonly (readonly number[])[]): number {
  const layerCount = layerMs[0]!.length;
  return planStages({
    workers: layerMs.map((each) => ({
      layerMs: each,
      transferMs: 0,
      transferMsPerByte: 0,
      memoryLimitBytes: Infinity,
    })),
    boundaryBytes: Array.from({ length: layerCount + 1 }, () => 1),
    layerWeights: Array.from({ length: layerCount }, () => ({})),
    maxReplicas: 1,
  }).bottleneckMs;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe("by layers or by batch", () => {
  it("never splits by layers over workers that are alike", () => {
    const ms = fc.array(fc.double({ min: 0.1, max: 50, noNaN: true }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(ms, fc.integer({ min: 1, max: 5 }), (layerMs, count) => {
        const workers = Array.from({ length: count }, () => layerMs);
        expect(prefersLayers(workers.map(sum), bestStageMs(workers))).toBe(false);
      }),
    );
  });

  it("splits by layers where each worker is good at what the other is bad at", () => {
    const workers = [
      [1, 1, 40, 40],
      [40, 40, 1, 1],
    ];
    expect(bestStageMs(workers)).toBe(2);
    expect(prefersLayers(workers.map(sum), 2)).toBe(true);
  });

  it("splits by layers where no worker can run the whole", () => {
    expect(prefersLayers([Infinity, Infinity], 20)).toBe(true);
  });
});
