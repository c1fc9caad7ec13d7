import { elementCountOf } from "../../protocol/tensors.js";
import { asJsonObject, isJsonObject, type JsonObject, asNumber, asText } from "../artifacts.js";

type Shape = readonly number[];

interface WeightShape {
  readonly name: string;
  readonly shape: Shape;
}

/** Operations per element of the output, for layers without a kernel; 0 for those that only move values. */
const PER_ELEMENT: ReadonlyMap<string, number> = new Map([
  ...names("Flatten Reshape Permute RepeatVector Cropping2D ZeroPadding2D Concatenate Embedding Dropout", 0),
  ...names("SpatialDropout1D GaussianNoise GaussianDropout AlphaDropout", 0),
  ...names("Activation ReLU LeakyReLU PReLU ELU ThresholdedReLU Rescaling Masking", 1),
  ["BatchNormalization", 2],
  // The mean, the deviations, their squares, the sum of the squares, a quotient, a scale and a shift.
  ["LayerNormalization", 7],
  ["Softmax", 5],
]);

/**
 * Count the floating-point operations of one run of a Keras layer. A multiply-add counts as two.
 *
 * @param topology of a stage that consists of one layer, called once.
 * @param weights of that layer.
 * @returns `undefined` for layers without a formula.
 */
export function kerasFlops(
  topology: object,
  inputs: readonly Shape[],
  output: Shape,
  weights: readonly WeightShape[],
): number | undefined {
  const layers: unknown = asJsonObject((topology as JsonObject).config).layers;
  const [layer, ...others] = (Array.isArray(layers) ? layers : [])
    .map(asJsonObject)
    .filter(({ class_name: className }) => className !== "InputLayer");
  if (layer === undefined || others.length > 0) return undefined;
  return flopsOfLayer(
    typeof layer.class_name === "string" ? layer.class_name : "",
    asJsonObject(layer.config),
    inputs,
    output,
    weights,
  );
}

function flopsOfLayer(
  className: string,
  config: JsonObject,
  inputs: readonly Shape[],
  output: Shape,
  weights: readonly WeightShape[],
): number | undefined {
  const count = elementCountOf(output);
  const perElement = PER_ELEMENT.get(className);
  if (perElement !== undefined) return perElement * count;
  const kernel = weights.find(({ name }) => /\/(depthwise_)?kernel$/.test(name))?.shape;
  const extras = count * (biasCount(weights) + (isLinear(config.activation) ? 0 : 1));
  switch (className) {
    case "Dense":
    case "Conv1D":
    case "Conv2D":
    case "Conv3D":
      return kernel && 2 * count * elementCountOf(kernel.slice(0, -1)) + extras;
    case "DepthwiseConv2D":
      return kernel && 2 * count * elementCountOf(kernel.slice(0, 2)) + extras;
    case "SeparableConv2D": {
      const pixels = count / output.at(-1)!;
      const point = weights.find(({ name }) => name.endsWith("/pointwise_kernel"))?.shape;
      return kernel && point && 2 * pixels * (elementCountOf(kernel) + elementCountOf(point)) + extras;
    }
    case "Conv2DTranspose":
      return kernel && inputs[0] && 2 * elementCountOf(inputs[0]) * elementCountOf(kernel.slice(0, 3)) + extras;
    case "Add":
    case "Multiply":
    case "Maximum":
    case "Minimum":
      return count * (inputs.length - 1);
    case "Average":
      return count * inputs.length;
    case "GlobalAveragePooling1D":
    case "GlobalAveragePooling2D":
    case "GlobalMaxPooling1D":
    case "GlobalMaxPooling2D":
      return inputs[0] && elementCountOf(inputs[0]);
    case "AveragePooling1D":
    case "AveragePooling2D":
    case "MaxPooling1D":
    case "MaxPooling2D":
      return poolFlops(config, count, className.endsWith("1D") ? 1 : 2);
    case "SimpleRNN":
    case "GRU":
    case "LSTM":
    case "Bidirectional":
      return inputs[0] && recurrentFlops(inputs[0], weights);
    case "TimeDistributed": {
      const inner = asJsonObject(config.layer);
      return isJsonObject(inner.config)
        ? flopsOfLayer(asText(inner.class_name), inner.config, inputs, output, weights)
        : undefined;
    }
    default:
      return undefined;
  }
}

function poolFlops(config: JsonObject, count: number, rank: number): number {
  const size = config.pool_size ?? 2;
  return count * (Array.isArray(size) ? elementCountOf(size.map(asNumber)) : asNumber(size) ** rank);
}

/** At every step, each item is multiplied by every matrix. The other work of the gates is negligible. */
function recurrentFlops([batch, steps]: Shape, weights: readonly WeightShape[]): number {
  const matrices = weights.filter(({ name }) => name.endsWith("kernel"));
  return 2 * batch! * steps! * matrices.reduce((total, { shape }) => total + elementCountOf(shape), 0);
}

function biasCount(weights: readonly WeightShape[]): number {
  return weights.some(({ name }) => name.endsWith("/bias")) ? 1 : 0;
}

function isLinear(activation: unknown): boolean {
  return activation === undefined || activation === null || activation === "linear";
}

function names(list: string, perElement: number): [string, number][] {
  return list.split(" ").map((name) => [name, perElement]);
}
