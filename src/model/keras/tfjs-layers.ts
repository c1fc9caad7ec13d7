import { isTakenName } from "../graph/safe-names.js";
import { isJsonObject, type JsonObject, type ModelArtifacts, asNumber } from "../artifacts.js";
import { Uncuttable, type KerasCall } from "../keras-cut/keras-call.js";
import { innerLayers } from "../keras-cut/inner-layers.js";
import { makesMask } from "../keras-cut/masks.js";
import { readProgram } from "../keras-cut/read-program.js";
import type { ModelReading } from "../read-graph.js";
import { Untranslatable } from "./emitter.js";
import { readKerasMajor, readModelConfig } from "./layer-config.js";

/** What keeps a model from running as TF.js layers. */
export interface LayerFault {
  /** The layer, by name. */
  readonly what: string;
  readonly reason: string;
}

/** Says why TF.js 4.22's own layer would compute something else than Keras, or would fail. */
type Check = (config: JsonObject, call: KerasCall) => string | undefined;

/**
 * Find the layers for which TF.js's own are wrong, or that it lacks.
 *
 * @param artifacts normalised.
 * @returns nothing if TF.js's layers are known to be right for every class and option in the model.
 * Source: TF.js 4.22's layers compared with Keras' own results.
 */
export function faultsOfTfjsLayers(
  artifacts: ModelArtifacts,
  reading: Pick<ModelReading, "inputs">,
  weightNames: readonly string[],
): LayerFault[] {
  try {
    if (readKerasMajor(artifacts) === 3) return [{ what: "the model", reason: "TF.js can't read configs of Keras 3" }];
    const { calls, outputs } = readProgram(artifacts, reading.inputs, weightNames);
    if (new Set(outputs).size < outputs.length)
      return [{ what: "the model", reason: "TF.js can't return one tensor as two outputs" }];
    const model = readModelConfig(artifacts);
    const isMasked = makesMask(model.className, model.config);
    const hasOneMask = calls.filter(({ layer }) => makesMask(layer.className, layer.config)).length === 1;
    const names = [...reading.inputs.map(({ name }) => name), ...calls.map(({ layer }) => layer.name)];
    const taken = names.find(isTakenName);
    if (taken !== undefined)
      return [{ what: `layer "${taken}"`, reason: "TF.js confuses this name with a property of every object" }];
    const unnamable = reading.inputs.find(({ name }) => !/^[A-Za-z0-9][-\w./]*$/.test(name));
    if (unnamable !== undefined)
      return [{ what: `input "${unnamable.name}"`, reason: "TF.js's layers can't have this name" }];
    const faults = calls.flatMap((call): LayerFault[] => {
      const reason = faultOf(call) ?? (isMasked ? faultOfMasks(call, hasOneMask) : undefined);
      return reason === undefined ? [] : [{ what: `layer "${call.layer.name}" (${call.layer.className})`, reason }];
    });
    return [...new Map(faults.map((fault) => [fault.what, fault])).values()];
  } catch (thrown) {
    if (!(thrown instanceof Uncuttable) && !(thrown instanceof Untranslatable)) throw thrown;
    return [{ what: "the model", reason: `TF.js can't read ${thrown.message}` }];
  }
}

function faultOf(call: KerasCall): string | undefined {
  const { className, config } = call.layer;
  const check = CHECKS.get(className);
  if (check === undefined) return "TF.js has no layer of this class";
  const option = Object.entries(call.options).find(([, value]) => value !== null && value !== false);
  if (option !== undefined) return `TF.js's layer ignores the argument ${option[0]}`;
  return faultOfActivations(config) ?? check(config, call) ?? faultInside(call);
}

/** The layer in a wrapper. Its inputs are not known here, so checks of their shapes don't pass. */
function faultInside({ layer, options }: KerasCall): string | undefined {
  for (const { className, name, config } of innerLayers(layer.config)) {
    const inner = { layer: { className, name, config, firstNode: 0 }, inputs: [], options, outputs: [] } as const;
    const reason = faultOf(inner);
    if (reason !== undefined) return `${className}: ${reason}`;
  }
  return undefined;
}

/** Of TF.js; it compares names in camel case. */
const ACTIVATIONS = new Set([
  ...[
    "linear",
    "elu",
    "selu",
    "relu",
    "relu6",
    "sigmoid",
    "hard_sigmoid",
    "hardSigmoid",
    "softplus",
    "softsign",
    "tanh",
  ],
  ...["softmax", "log_softmax", "logSoftmax", "gelu", "mish", "swish"],
]);

function faultOfActivations(config: JsonObject): string | undefined {
  for (const key of ["activation", "recurrent_activation"]) {
    const given = config[key];
    const name = isJsonObject(given) && isEmpty(given.config) ? given.class_name : given;
    if (name === undefined || name === null) continue;
    if (typeof name !== "string") return `TF.js lacks the ${key} that is a layer`;
    if (!ACTIVATIONS.has(name)) return `TF.js lacks the ${key} ${name}`;
  }
  return undefined;
}

function isEmpty(config: unknown): boolean {
  return isJsonObject(config) && Object.keys(config).length === 0;
}

/** Layers for which TF.js's masks are those of Keras, where one layer makes masks and every recurrent layer gets one. */
const RIGHT_WITH_MASKS = new Set([
  ...["Masking", "Embedding", "LSTM", "GRU", "SimpleRNN", "Dense", "Dropout", "SpatialDropout1D", "Activation"],
]);

function faultOfMasks({ layer: { className, config }, inputs }: KerasCall, hasOneMask: boolean): string | undefined {
  const isRight =
    hasOneMask && RIGHT_WITH_MASKS.has(className) && config.go_backwards !== true && config.unroll !== true;
  const isRecurrent = config.recurrent_activation !== undefined || className === "SimpleRNN";
  const passesMask = !isRecurrent || inputs.every((input) => input.isMasked);
  return isRight && passesMask ? undefined : "TF.js passes masks on where Keras doesn't, or not where it does";
}

const right: Check = () => undefined;

/** One of several checks that finds a fault. */
function all(...checks: readonly Check[]): Check {
  return (config, call) => {
    for (const check of checks) {
      const reason = check(config, call);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
}

/** @param values of the option with which TF.js is right. */
function only(key: string, ...values: readonly unknown[]): Check {
  return (config) => {
    const value = config[key];
    const isRight = value === undefined || value === null || values.some((each) => isSame(each, value));
    return isRight ? undefined : `TF.js's layer ignores ${key}, or computes something else with it`;
  };
}

/** A list of one value for each axis counts as that value. */
function isSame(right: unknown, value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 && value.every((each) => each === right) : value === right;
}

const channelsLast = only("data_format", "channels_last", "channelsLast");
const ungrouped = only("groups", 1);
const undilated = only("dilation_rate", 1);
const wrong =
  (reason: string): Check =>
  () =>
    reason;

const lastAxis: Check = (config, { inputs }) => {
  const axis: unknown = Array.isArray(config.axis) && config.axis.length === 1 ? config.axis[0] : (config.axis ?? -1);
  const rank = inputs[0]?.shape?.length;
  const isLast = axis === -1 || (rank !== undefined && axis === rank - 1);
  return isLast ? undefined : "TF.js's layer is wrong along other axes than the last";
};

const rankUpTo4: Check = (_, { inputs }) =>
  inputs.every(({ shape }) => shape !== undefined && shape.length <= 4)
    ? undefined
    : "TF.js's layer is wrong for inputs of more than 4 axes";

const recurrent = all(only("time_major", false), only("reset_after", false), only("zero_output_for_mask", false));

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ...[
    ...["Dense", "Activation", "Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout"],
    ...["Reshape", "Permute", "RepeatVector", "Masking", "Embedding", "LeakyReLU", "PReLU"],
    ...["ThresholdedReLU", "LayerNormalization", "Rescaling", "Add", "Multiply", "Average", "Maximum"],
    ...["Minimum", "Dot", "TimeDistributed", "Flatten", "Sequential", "Functional", "Model"],
  ].map((name): [string, Check] => [name, right]),
  ["ReLU", all(only("negative_slope", 0), only("threshold", 0))],
  ["Softmax", lastAxis],
  [
    "Concatenate",
    ({ axis }) => (asNumber(axis ?? -1) < -1 ? "TF.js takes every negative axis as the last" : undefined),
  ],
  ["ELU", only("alpha", 1)],
  ["Conv1D", all(channelsLast, ungrouped, only("padding", "valid", "same"))],
  ["Conv2D", ungrouped],
  ["Conv3D", all(channelsLast, ungrouped)],
  ["SeparableConv2D", channelsLast],
  ["DepthwiseConv2D", all(channelsLast, undilated)],
  ["Conv2DTranspose", all(only("output_padding"), undilated, only("padding", "same"))],
  ["Conv3DTranspose", wrong("TF.js's kernel for WASM is wrong")],
  ["BatchNormalization", all(lastAxis, rankUpTo4, only("renorm", false))],
  ["MaxPooling1D", channelsLast],
  ["AveragePooling1D", channelsLast],
  ["MaxPooling2D", right],
  ["AveragePooling2D", right],
  ["MaxPooling3D", wrong("TF.js's kernel for WASM knows no negative maxima")],
  ["AveragePooling3D", all(channelsLast, only("padding", "valid"))],
  ["GlobalAveragePooling1D", all(channelsLast, only("keepdims", false))],
  ["GlobalMaxPooling1D", all(channelsLast, only("keepdims", false))],
  ["GlobalAveragePooling2D", only("keepdims", false)],
  ["GlobalMaxPooling2D", only("keepdims", false)],
  ["ZeroPadding2D", right],
  ["Cropping2D", right],
  ["UpSampling2D", only("interpolation", "nearest")],
  ["MultiHeadAttention", all(only("attention_axes", 1), only("use_causal_mask", false))],
  ["LSTM", recurrent],
  ["GRU", recurrent],
  ["SimpleRNN", recurrent],
  ["Bidirectional", only("backward_layer")],
  ["ConvLSTM2D", channelsLast],
]);
