import { isJsonObject } from "../artifacts.js";
import { type LayerConfig, readLayerConfig } from "./layer-config.js";

/** A layer inside another, where a file of Keras 3 has it. */
export interface InnerLayer {
  /** Possible paths below the outer layer. */
  readonly paths: readonly string[];
  readonly layer: LayerConfig;
}

/** The dense layers of an attention layer: their attribute, which may begin with an underscore, and their name. */
const PROJECTIONS = [
  ["query_dense", "query"],
  ["key_dense", "key"],
  ["value_dense", "value"],
  ["gate_dense", "gate"],
  ["output_dense", "attention_output"],
] as const;

const CELLS: ReadonlyMap<string, readonly [className: string, name: string]> = new Map([
  ["LSTM", ["LSTMCell", "lstm_cell"]],
  ["GRU", ["GRUCell", "gru_cell"]],
  ["SimpleRNN", ["SimpleRNNCell", "simple_rnn_cell"]],
  ["ConvLSTM1D", ["ConvLSTMCell", "conv_lstm_cell"]],
  ["ConvLSTM2D", ["ConvLSTMCell", "conv_lstm_cell"]],
  ["ConvLSTM3D", ["ConvLSTMCell", "conv_lstm_cell"]],
]);

/** The layers inside a layer that have weights of their own, other than those of a model. */
export function innerLayersOf({ className, config }: LayerConfig): InnerLayer[] {
  const inner = (path: string, value: unknown, prefix = ""): InnerLayer[] => {
    if (!isJsonObject(value)) return [];
    const { className: innerClass, name, config: innerConfig } = readLayerConfig(value);
    const full = name.startsWith(prefix) ? name : `${prefix}${name}`;
    return [{ paths: [path], layer: renamed(innerClass, full, innerConfig) }];
  };
  if (/^(MultiHeadAttention|Group(ed)?QueryAttention)$/.test(className)) {
    return PROJECTIONS.map(([path, name]) => ({ paths: [path, `_${path}`], layer: renamed("EinsumDense", name, {}) }));
  }
  if (className === "Bidirectional") {
    const { layer, backward_layer: backward } = config;
    return [
      ...inner("forward_layer", layer, "forward_"),
      ...inner("backward_layer", backward ?? layer, isJsonObject(backward) ? "" : "backward_"),
    ];
  }
  if (className === "StackedRNNCells") {
    const cells: unknown[] = Array.isArray(config.cells) ? config.cells : [];
    return pathsByClass(cells.filter(isJsonObject).map(readLayerConfig), "cells/");
  }
  const cell = CELLS.get(className);
  if (cell !== undefined) return [{ paths: ["cell"], layer: renamed(...cell, {}) }];
  return [...inner("cell", config.cell), ...inner("layer", config.layer)];
}

/** Classes whose name in Python is not the one in configs. */
const PYTHON_NAMES: ReadonlyMap<string, string> = new Map([["GroupQueryAttention", "GroupedQueryAttention"]]);

/** Keras 3 names the layers in a list after their classes, and counts those of one class. */
export function pathsByClass(layers: readonly LayerConfig[], prefix: string): InnerLayer[] {
  const counts = new Map<string, number>();
  return layers.map((layer) => {
    const name = snakeCase(PYTHON_NAMES.get(layer.className) ?? layer.className);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return { paths: [`${prefix}${count === 0 ? name : `${name}_${count}`}`], layer };
  });
}

/** As Keras writes class names in paths: `PReLU` → `p_re_lu`, `Conv2DTranspose` → `conv2d_transpose`. */
function snakeCase(className: string): string {
  return className
    .replaceAll(/\W+/g, "")
    .replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

function renamed(className: string, name: string, config: LayerConfig["config"]): LayerConfig {
  return readLayerConfig({ class_name: className, name, config: { ...config, name } });
}
