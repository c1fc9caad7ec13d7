// Oracle: the shapes that TF.js's own layers compute.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { input, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import { outputShapes } from "../../../../src/model/keras-cut/output-shapes.js";

type Size = number | null;
type Make = { apply(inputs: never): unknown };

const series: Size[] = [11, 4];
const picture: Size[] = [9, 8, 3];
const volume: Size[] = [7, 6, 5, 2];
const free: Size[] = [null, null, 3];
const padding = "same" as const;
const dataFormat = "channelsFirst" as const;
const lstm = () => layers.lstm({ units: 5, returnSequences: true, returnState: true });

const CASES: [string, Size[][], () => Make][] = [
  ["Dense", [series], () => layers.dense({ units: 5 })],
  ["Conv1D strided", [series], () => layers.conv1d({ filters: 3, kernelSize: 3, strides: 2 })],
  ["Conv1D dilated", [series], () => layers.conv1d({ filters: 3, kernelSize: 3, dilationRate: 2 })],
  ["Conv2D", [picture], () => layers.conv2d({ filters: 4, kernelSize: [3, 2], strides: [2, 1] })],
  ["Conv2D of a free size", [free], () => layers.conv2d({ filters: 4, kernelSize: 3, padding })],
  [
    "Conv2D channels first",
    [picture],
    () => layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding, dataFormat }),
  ],
  ["Conv3D", [volume], () => layers.conv3d({ filters: 4, kernelSize: 2, strides: 3 })],
  ["SeparableConv2D", [picture], () => layers.separableConv2d({ filters: 4, kernelSize: 3, padding, strides: 2 })],
  ["DepthwiseConv2D", [picture], () => layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 })],
  ["Conv2DTranspose", [picture], () => layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2 })],
  ["Conv2DTranspose same", [picture], () => layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding })],
  ["Conv3DTranspose", [volume], () => layers.conv3dTranspose({ filters: 4, kernelSize: 3, strides: 2 })],
  ["MaxPooling1D", [series], () => layers.maxPooling1d({ poolSize: 3 })],
  ["AveragePooling1D", [series], () => layers.averagePooling1d({ poolSize: 3, strides: 2, padding })],
  ["MaxPooling2D", [picture], () => layers.maxPooling2d({})],
  ["AveragePooling2D", [picture], () => layers.averagePooling2d({ poolSize: [3, 2], strides: [1, 2], padding })],
  ["MaxPooling2D channels first", [picture], () => layers.maxPooling2d({ poolSize: 2, dataFormat })],
  ["MaxPooling3D", [volume], () => layers.maxPooling3d({ poolSize: 2, strides: 2 })],
  ["AveragePooling3D", [volume], () => layers.averagePooling3d({ poolSize: 2, strides: 1, padding })],
  ["GlobalAveragePooling1D", [series], () => layers.globalAveragePooling1d({})],
  ["GlobalMaxPooling1D", [series], () => layers.globalMaxPooling1d({})],
  ["GlobalAveragePooling2D", [picture], () => layers.globalAveragePooling2d({})],
  ["GlobalMaxPooling2D channels first", [picture], () => layers.globalMaxPooling2d({ dataFormat })],
  [
    "ZeroPadding2D",
    [picture],
    () =>
      layers.zeroPadding2d({
        padding: [
          [1, 2],
          [3, 4],
        ],
      }),
  ],
  ["ZeroPadding2D of one number", [free], () => layers.zeroPadding2d({ padding: 2 })],
  [
    "Cropping2D",
    [picture],
    () =>
      layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
      }),
  ],
  ["UpSampling2D", [picture], () => layers.upSampling2d({ size: [2, 3] })],
  ["UpSampling2D channels first", [picture], () => layers.upSampling2d({ size: [2, 3], dataFormat })],
  ["Flatten", [picture], () => layers.flatten()],
  ["Reshape", [picture], () => layers.reshape({ targetShape: [12, 18] })],
  ["Reshape with a free size", [picture], () => layers.reshape({ targetShape: [-1, 18] })],
  ["Permute", [picture], () => layers.permute({ dims: [3, 1, 2] })],
  ["RepeatVector", [[6]], () => layers.repeatVector({ n: 4 })],
  ["Embedding", [[6]], () => layers.embedding({ inputDim: 9, outputDim: 4 })],
  ["Embedding of a given length", [[null]], () => layers.embedding({ inputDim: 9, outputDim: 4, inputLength: 5 })],
  ["Add", [picture, picture, picture], () => layers.add()],
  ["Multiply, broadcast", [picture, [1, 1, 3]], () => layers.multiply()],
  ["Maximum of free sizes", [free, picture], () => layers.maximum()],
  ["Concatenate", [picture, picture], () => layers.concatenate({ axis: 1 })],
  ["Concatenate at the end", [[3], [4], [null]], () => layers.concatenate()],
  ["Dot of vectors", [[6], [6]], () => layers.dot({ axes: 1 })],
  [
    "Dot of matrices",
    [
      [5, 6],
      [6, 4],
    ],
    () => layers.dot({ axes: [2, 1] }),
  ],
  [
    "Dot, counted from the end",
    [
      [5, 6],
      [7, 6],
    ],
    () => layers.dot({ axes: -1 }),
  ],
  ["SimpleRNN", [series], () => layers.simpleRNN({ units: 5, returnState: true })],
  ["GRU", [series], () => layers.gru({ units: 5, returnSequences: true })],
  ["LSTM", [series], () => layers.lstm({ units: 5 })],
  ["LSTM with its states", [series], lstm],
  [
    "TimeDistributed",
    [[4, 9, 8, 3]],
    () => layers.timeDistributed({ layer: layers.conv2d({ filters: 2, kernelSize: 3 }) }),
  ],
  ...(["concat", "sum", null] as const).flatMap((mergeMode): (typeof CASES)[number][] => [
    [
      `Bidirectional ${mergeMode}`,
      [series],
      () => layers.bidirectional({ layer: layers.gru({ units: 3 }) as never, mergeMode: mergeMode as never }),
    ],
    [
      `Bidirectional ${mergeMode} with its states`,
      [series],
      () => layers.bidirectional({ layer: lstm() as never, mergeMode: mergeMode as never }),
    ],
  ]),
  ...[
    () => layers.activation({ activation: "tanh" }),
    () => layers.reLU(),
    () => layers.leakyReLU(),
    () => layers.prelu(),
  ].map(unchanged),
  ...[
    () => layers.elu(),
    () => layers.thresholdedReLU(),
    () => layers.softmax({}),
    () => layers.dropout({ rate: 0.5 }),
  ].map(unchanged),
  ...[() => layers.batchNormalization(), () => layers.layerNormalization(), () => layers.masking()].map(unchanged),
  ...[
    () => layers.gaussianNoise({ stddev: 1 }),
    () => layers.gaussianDropout({ rate: 0.1 }),
    () => layers.alphaDropout({ rate: 0.1 }),
  ].map(unchanged),
  ...[() => layers.spatialDropout1d({ rate: 0.1 }), () => layers.rescaling({ scale: 2 })].map(unchanged),
];

function unchanged(make: () => Make, index: number): (typeof CASES)[number] {
  return [`a layer that keeps the shape, ${index}: ${String(make)}`, [series], make];
}

describe("the shape of a layer's output", () => {
  it.each(CASES)("%s", (_, shapes, make) => {
    const inputs = shapes.map((shape) => input({ shape: shape as number[] }));
    const given = make().apply((inputs.length === 1 ? inputs[0] : inputs) as never) as
      | SymbolicTensor
      | SymbolicTensor[];
    const outputs = Array.isArray(given) ? given : [given];
    const saved = model({ inputs, outputs }).toJSON(null, false) as unknown as {
      config: { layers: { class_name: string; config: Record<string, unknown> }[] };
    };
    const { class_name: className, config } = saved.config.layers.at(-1)!;
    const received = outputShapes(
      className,
      config,
      shapes.map((shape) => [null, ...shape]),
    );
    expect(received).toEqual(outputs.map(({ shape }) => shape));
  });

  it("is undefined if TF.js's own shape is not that of the result, or if there is no rule", () => {
    const config = {
      kernel_size: [3, 3],
      strides: [1, 1],
      padding: "valid",
      dilation_rate: [2, 2],
      depth_multiplier: 1,
    };
    expect(outputShapes("DepthwiseConv2D", config, [[null, 9, 9, 3]])).toBeUndefined();
    expect(outputShapes("SomethingElse", {}, [[null, 9]])).toBeUndefined();
    expect(outputShapes("Dense", {}, [[null, 9]])).toBeUndefined();
    expect(outputShapes("Dense", { units: 3 }, [])).toBeUndefined();
  });
});
