import { expect, it } from "vitest";
import { compactWeights } from "../../../src/model/compact-weights.js";
import { inspectModel } from "../../../src/model/inspect-model.js";
import { materialise } from "../../../src/model/materialise.js";
import { kerasNet } from "../../fixtures/keras-net.js";
import { randomNet } from "../../fixtures/random-net.js";

it.each([
  ["as it came", false],
  ["folded", true],
])("every stage makes the same weights from its own bytes alone, %s", (_, optimize) => {
  for (const model of [randomNet({ seed: 3, depth: 5, residual: true, pooledOutput: true }), kerasNet(4)]) {
    const { staged, wire: whole } = inspectModel(model, false, optimize);
    const wires =
      staged === undefined
        ? [whole]
        : staged.stages(staged.layers.map((__, index) => index).slice(1)).map(({ wire }) => wire);
    let total = 0;
    for (const wire of wires) {
      const compacted = compactWeights(wire);
      expect(compacted.weightData).not.toBe(wire.weightData);
      expect(materialise(compacted)).toEqual(materialise(wire));
      total += compacted.weightData.byteLength;
    }
    // These layers share no weights, so their bytes add up to those of the model.
    expect(total).toBe(whole.weightData.byteLength);
  }
});

it("keeps empty weights, which lie where the next one does", () => {
  const stored = (byteOffset: number, byteLength: number) =>
    ({
      kind: "stored",
      shape: [byteLength / 4],
      dtype: "float32",
      quantization: undefined,
      byteOffset,
      byteLength,
    }) as const;
  const { wire } = inspectModel(randomNet({ seed: 1 }), false);
  const weightData = Float32Array.of(1, 2, 3).buffer;
  const model = { ...wire, weightData, weights: { empty: stored(4, 0), two: stored(4, 4), again: stored(4, 4) } };
  expect(materialise(compactWeights(model))).toEqual(materialise(model));
});
