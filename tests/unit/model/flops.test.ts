import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { ready, setBackend } from "@tensorflow/tfjs-core";
import { input, layers, model, sequential, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { flopsOf, type OpRun } from "../../../src/model/flops.js";
import { inspectModel } from "../../../src/model/inspect-model.js";
import { flopsOfLayers, layerFlops } from "../../../src/model/layer-flops.js";
import type { StagedModel } from "../../../src/model/staged-model.js";
import type { Tensor } from "../../../src/protocol/tensors.js";
import { kerasMobileNet } from "../../bench/keras-mobilenet.js";
import { readConvertedModel } from "../../fixtures/converted-models.js";
import { artifactsOf } from "../../fixtures/keras-artifacts.js";
import { noiseFor, runStages } from "../../fixtures/run-wires.js";

beforeAll(async () => {
  await setBackend("cpu");
  await ready();
});

const attr = {};
const fused = (...ops: string[]) => ({ fused_ops: { list: { s: ops } } });

/** Counted by hand: the expected column is written as it was counted. */
const CASES: [string, OpRun, number | undefined][] = [
  [
    "a convolution",
    {
      op: "Conv2D",
      attr,
      inputs: [
        [2, 8, 8, 3],
        [3, 3, 3, 5],
      ],
      output: [2, 8, 8, 5],
    },
    2 * 64 * 5 * (27 + 27),
  ],
  [
    "with bias and activation",
    {
      op: "_FusedConv2D",
      attr: fused("QmlhcyE=", "UmVsdQ=="),
      inputs: [
        [1, 4, 4, 2],
        [1, 1, 2, 3],
      ],
      output: [1, 4, 4, 3],
    },
    48 * (4 + 2),
  ],
  [
    "depthwise",
    {
      op: "DepthwiseConv2dNative",
      attr,
      inputs: [
        [1, 6, 6, 4],
        [3, 3, 4, 2],
      ],
      output: [1, 4, 4, 8],
    },
    128 * 18,
  ],
  [
    "transposed",
    { op: "Conv2DBackpropInput", attr, inputs: [[4], [2, 2, 5, 3], [1, 4, 4, 3]], output: [1, 8, 8, 5] },
    2 * 48 * 20,
  ],
  [
    "a product",
    {
      op: "MatMul",
      attr,
      inputs: [
        [3, 7],
        [7, 5],
      ],
      output: [3, 5],
    },
    15 * 14,
  ],
  [
    "of a transposed matrix",
    {
      op: "MatMul",
      attr: { transpose_a: { b: true } },
      inputs: [
        [7, 3],
        [7, 5],
      ],
      output: [3, 5],
    },
    15 * 14,
  ],
  [
    "with a bias",
    { op: "_FusedMatMul", attr: fused("Qmlhc0FkZA=="), inputs: [[3, 7], [7, 5], [5]], output: [3, 5] },
    15 * 15,
  ],
  [
    "of batches",
    {
      op: "BatchMatMulV2",
      attr: { adj_y: { b: true } },
      inputs: [
        [2, 4, 6, 8],
        [2, 4, 5, 8],
      ],
      output: [2, 4, 6, 5],
    },
    240 * 16,
  ],
  [
    "einsum",
    {
      op: "Einsum",
      attr: { equation: { s: btoa("bhts,bhsd->bthd") } },
      inputs: [
        [2, 3, 4, 5],
        [2, 3, 5, 6],
      ],
      output: [2, 4, 3, 6],
    },
    2 * 2 * 3 * 4 * 5 * 6,
  ],
  [
    "einsum of other ranks",
    {
      op: "Einsum",
      attr: { equation: { s: btoa("ab,bc->ac") } },
      inputs: [
        [2, 3, 4],
        [4, 5],
      ],
      output: [2, 5],
    },
    undefined,
  ],
  [
    "a pool",
    {
      op: "MaxPool",
      attr: { ksize: { list: { i: ["1", "3", "2", "1"] } } },
      inputs: [[1, 9, 8, 4]],
      output: [1, 3, 4, 4],
    },
    48 * 6,
  ],
  ["a reduction", { op: "Mean", attr, inputs: [[2, 7, 7, 3], [2]], output: [2, 3] }, 2 * 49 * 3],
  ["an element-wise function", { op: "Tanh", attr, inputs: [[2, 7]], output: [2, 7] }, 14],
  [
    "a broadcast sum",
    {
      op: "AddV2",
      attr,
      inputs: [
        [2, 1, 3],
        [4, 1],
      ],
      output: [2, 4, 3],
    },
    24,
  ],
  ["a sum of many", { op: "AddN", attr, inputs: [[5], [5], [5]], output: [5] }, 10],
  ["a softmax", { op: "Softmax", attr, inputs: [[2, 10]], output: [2, 10] }, 100],
  ["what moves", { op: "Transpose", attr, inputs: [[2, 7], [2]], output: [7, 2] }, 0],
  ["what has no formula", { op: "NonMaxSuppressionV3", attr, inputs: [[8, 4]], output: [3] }, undefined],
];

describe("the operations of an op", () => {
  it.each(CASES)("%s", (_, run, expected) => {
    expect(flopsOf(run)).toBe(expected);
  });
});

/** Count each layer separately, for one item, with the shapes of a run. */
async function tracedFlops(staged: StagedModel, inputs: Record<string, Tensor>) {
  const stages = staged.stages(staged.layers.map((_, index) => index).slice(1));
  const byKey = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [staged.inputKeys[name]!, tensor]));
  const tensors = { ...byKey, ...(await runStages(stages, byKey)) };
  return flopsOfLayers(staged, new Map(Object.entries(tensors).map(([key, { shape }]) => [key, shape])));
}

describe("the operations of a layer", () => {
  it("of MobileNet V1 add up to the published 569 million multiply-adds", () => {
    const { staged } = inspectModel(kerasMobileNet({ seed: 1, size: 224, alpha: 1 }), true);
    const stages = staged!.stages(staged!.layers.map((_, index) => index).slice(1));
    // The shapes that the config states, for one item.
    const shapes = new Map<string, number[]>();
    for (const { wire } of stages) {
      for (const { name, shape } of wire.inputs)
        shapes.set(
          name,
          shape!.map((size) => (size < 0 ? 1 : size)),
        );
    }
    const total = stages.reduce((sum, { wire }, index) => {
      if (!/Conv2D|Dense/.test(staged!.layers[index]!.op)) return sum;
      return sum + (layerFlops(wire, (key) => shapes.get(key) ?? [1, 1000]) ?? Number.NaN);
    }, 0);
    expect(Math.round(total / 2e6)).toBe(569);
  });

  it("is the same for a Keras model and for its translation to a graph, except for fused biases", async () => {
    const artifacts = await artifactsOf(
      sequential({
        layers: [
          layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [9, 8, 3], useBias: false }),
          layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, useBias: false }),
          layers.reLU(),
          layers.maxPooling2d({ poolSize: 2 }),
          layers.flatten(),
          layers.dense({ units: 5, useBias: false }),
          layers.softmax({ axis: -1 }),
        ],
      }),
    );
    const count = async (optimize: boolean) => {
      const { info, staged } = inspectModel(artifacts, true, optimize);
      return (await tracedFlops(staged!, noiseFor(info.inputs, 1))).reduce((sum: number, each) => sum + each!, 0);
    };
    const convolved = 7 * 6 * 4 * 27 * 2 + 6 * 5 * 8 * 4 * 2;
    const others = 6 * 5 * 8 + 3 * 2 * 8 * 4 + 2 * 48 * 5 + 5 * 5;
    expect(await count(false)).toBe(convolved + others);
    // The activation is fused into the depthwise convolution, which adds a bias (of zeros) with it.
    expect(await count(true)).toBe(convolved + others + 6 * 5 * 8);
  });

  it("that is recurrent is counted by its matrices and steps", async () => {
    const x = input({ shape: [7, 3] });
    const both = layers.bidirectional({
      layer: layers.gru({ units: 4, returnSequences: true }) as never,
      mergeMode: "concat",
    });
    const y = both.apply(x) as SymbolicTensor;
    const z = layers
      .timeDistributed({ layer: layers.dense({ units: 2 }) })
      .apply(layers.lstm({ units: 5, returnSequences: true }).apply(y) as SymbolicTensor);
    const { info, staged } = inspectModel(await artifactsOf(model({ inputs: x, outputs: z as SymbolicTensor })), true);
    expect(await tracedFlops(staged!, noiseFor(info.inputs, 1))).toEqual([
      2 * 7 * 2 * (3 * 12 + 4 * 12),
      2 * 7 * (8 * 20 + 5 * 20),
      7 * 2 * (2 * 5 + 1),
    ]);
  });

  it("of a Transformer are known for every node, of a loop for none", async () => {
    const { artifacts, inputs } = readConvertedModel("transformer");
    const { staged } = inspectModel(artifacts, true);
    const flops = await tracedFlops(staged!, inputs);
    expect(flops).not.toContain(undefined);
    // Keys by a head of width 4, for 3 items, 2 heads, 6 × 6 positions.
    expect(flops[staged!.layers.findIndex(({ op }) => op === "BatchMatMulV2")]).toBe(2 * 3 * 2 * 36 * 4);
    const loop = readConvertedModel("loop");
    const loopStaged = inspectModel(loop.artifacts, true).staged!;
    const loopFlops = await tracedFlops(loopStaged, loop.inputs);
    expect(loopStaged.layers.flatMap(({ op }, index) => (loopFlops[index] === undefined ? op : []))).toEqual([
      "atomic part of 24 nodes",
    ]);
  });
});
