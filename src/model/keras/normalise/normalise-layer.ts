import { isJsonObject, type JsonObject } from "../../artifacts.js";
import { OPERATION_PREFIX } from "../operations.js";
import { computedDtype } from "./dtypes.js";

/** Layers inside a layer: of models, wrappers and recurrent layers. */
const INNER = ["layer", "backward_layer", "forward_layer", "cell"];
const INNER_LISTS = ["layers", "cells"];
const ACTIVATIONS = ["activation", "recurrent_activation"];

/** Normalise a layer or a model, and the layers in it. Never throws, whatever the file holds. */
export function normaliseLayer(layer: JsonObject, kerasMajor: 2 | 3): JsonObject {
  const { class_name: className } = layer;
  // The config of an old Sequential model is the bare list of its layers.
  const given = Array.isArray(layer.config) ? { layers: layer.config } : layer.config;
  if (typeof className !== "string" || !isJsonObject(given)) return layer;
  const config: Record<string, unknown> = { ...given };
  if (config.dtype !== undefined && config.dtype !== null) config.dtype = computedDtype(config.dtype);
  config.batch_input_shape ??= config.batch_shape;
  if (config.batch_input_shape === undefined) delete config.batch_input_shape;
  // Keras 3's name of the option.
  if (className === "LeakyReLU" && config.alpha === undefined && config.negative_slope !== undefined)
    config.alpha = config.negative_slope;
  // They matter in training alone, and TF.js doesn't know them all.
  for (const key of Object.keys(config)) {
    if (/_(regularizer|constraint)$/.test(key)) config[key] = null;
    // The weights of the file take their place. TF.js refuses separable convolutions with an initialiser for the kernel as a whole.
    if (key.endsWith("_initializer") && config[key] !== null) config[key] = "zeros";
    if (className.startsWith("Separable") && key.startsWith("kernel_") && key !== "kernel_size") delete config[key];
  }
  for (const key of ACTIVATIONS) if (key in config) config[key] = normaliseActivation(config[key], kerasMajor);
  const inner = (each: unknown): unknown => (isJsonObject(each) ? normaliseLayer(each, kerasMajor) : each);
  for (const key of INNER) if (isJsonObject(config[key])) config[key] = inner(config[key]);
  for (const key of INNER_LISTS) {
    const list = config[key];
    if (Array.isArray(list)) config[key] = list.map(inner);
  }
  if (className === "Sequential") config.layers = withInputShape(config);
  return { ...layer, class_name: classOf(layer, className, config, kerasMajor), config };
}

/** Names that Keras 1 and early versions of TensorFlow gave to classes, and Keras' own aliases. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ["BatchNormalizationV1", "BatchNormalization"],
  ["BatchNormalizationV2", "BatchNormalization"],
  ["UnifiedLSTM", "LSTM"],
  ["UnifiedGRU", "GRU"],
  ["Convolution1D", "Conv1D"],
  ["Convolution2D", "Conv2D"],
  ["Convolution3D", "Conv3D"],
]);

function classOf(layer: JsonObject, className: string, config: JsonObject, kerasMajor: 2 | 3): string {
  const { module, registered_name: registered } = layer;
  if (typeof registered === "string" && registered.includes(">")) return registered;
  if (isOperationClass(module, className, config, kerasMajor)) return `${OPERATION_PREFIX}${className}`;
  return RENAMED.get(className) ?? className;
}

/** Layers of Keras 3 whose configs lack `trainable`. */
const WITHOUT_TRAINABLE = /^(Discretization|HashedCrossing|SpatialDropout\dD|Pipeline)$/;

/** Other layers of Keras 3 write `trainable`, and no operation does. A file in the format of Keras 2 says no module. */
function isOperationClass(module: unknown, className: string, config: JsonObject, kerasMajor: 2 | 3): boolean {
  if (typeof module === "string" && module.startsWith("keras")) return /^keras\.(src\.)?(ops|activations)/.test(module);
  const isPlain = module === undefined && kerasMajor === 3 && config.trainable === undefined;
  return (
    isPlain &&
    className !== "InputLayer" &&
    !WITHOUT_TRAINABLE.test(className) &&
    config.layers === undefined &&
    // A function may come as an object too.
    /^[A-Z]/.test(className)
  );
}

/** A function comes as its name, or as `{ class_name: "function", config: name }`. */
function normaliseActivation(value: unknown, kerasMajor: 2 | 3): unknown {
  if (!isJsonObject(value)) return value;
  if (value.class_name === "function" && typeof value.config === "string") return value.config;
  return normaliseLayer(value, kerasMajor);
}

/** A Sequential model without an InputLayer may say the shape of its input beside its layers. */
function withInputShape({ layers, build_input_shape: shape }: JsonObject): unknown {
  if (!Array.isArray(layers)) return layers;
  const [first, ...others]: unknown[] = layers;
  if (!isJsonObject(first) || !isJsonObject(first.config) || first.class_name === "InputLayer") return layers;
  const { config } = first;
  const built = isJsonObject(first.build_config) ? first.build_config.input_shape : undefined;
  const known = [shape, built].find(isShape);
  if (config.batch_input_shape !== undefined || config.layers !== undefined || known === undefined) return layers;
  return [{ ...first, config: { ...config, batch_input_shape: known } }, ...others];
}

function isShape(value: unknown): boolean {
  return Array.isArray(value) && value.every((size) => size === null || Number.isInteger(size));
}
