import { isJsonObject, type JsonObject, asNumber } from "../artifacts.js";
import type { KerasShape } from "./keras-call.js";

type Size = KerasShape[number];
type Rule = (config: JsonObject, inputs: readonly KerasShape[]) => KerasShape[] | undefined;

/**
 * Compute the shapes that TF.js assigns to the outputs of a layer when it builds a model (`computeOutputShape`).
 *
 * @returns `undefined` for layers without a rule, and if the shape that TF.js assigns differs from that of its result.
 * Oracle: TF.js's layers in tests/unit/model/keras-cut/output-shapes.test.ts.
 */
export function outputShapes(
  className: string,
  config: JsonObject,
  inputs: readonly KerasShape[],
): KerasShape[] | undefined {
  const rule = RULES.get(className);
  const shapes = inputs.length === 0 ? undefined : rule?.(config, inputs);
  const isKnown = shapes?.every((shape) =>
    shape.every((size) => size === null || (Number.isInteger(size) && size >= 0)),
  );
  return isKnown ? shapes : undefined;
}

const sameShape: Rule = (_, [input]) => [input!];

const dense: Rule = ({ units }, [input]) => [[...input!.slice(0, -1), asNumber(units)]];

/** Convolutions and pools: `window` and `strides` along each spatial axis. */
function slide(config: JsonObject, input: KerasShape, rank: number, window: unknown, channels: (own: Size) => Size) {
  const isFirst = isChannelsFirst(config);
  const spatial = isFirst ? input.slice(2) : input.slice(1, -1);
  if (spatial.length !== rank) return undefined;
  const windows = perAxis(window, rank);
  const strides = perAxis(config.strides ?? (config.pool_size === undefined ? 1 : window), rank);
  const dilations = perAxis(config.dilation_rate ?? 1, rank);
  const sizes = spatial.map((size, axis): Size => {
    if (size === null) return null;
    const covered = config.padding === "same" ? 1 : (windows[axis]! - 1) * dilations[axis]! + 1;
    return Math.floor((size - covered + strides[axis]!) / strides[axis]!);
  });
  const last = channels(isFirst ? input[1]! : input.at(-1)!);
  return [isFirst ? [input[0]!, last, ...sizes] : [input[0]!, ...sizes, last]];
}

function convolution(rank: number): Rule {
  return (config, [input]) => slide(config, input!, rank, config.kernel_size, () => asNumber(config.filters));
}

const depthwise: Rule = (config, [input]) => {
  // TF.js ignores the dilation in the shape that it assigns, but not in the result.
  if (perAxis(config.dilation_rate ?? 1, 2).some((rate) => rate > 1)) return undefined;
  return slide(config, input!, 2, config.kernel_size, (own) =>
    own === null ? null : own * asNumber(config.depth_multiplier ?? 1),
  );
};

function transposed(rank: number): Rule {
  return (config, [input]) => {
    const isFirst = isChannelsFirst(config);
    const spatial = isFirst ? input!.slice(2) : input!.slice(1, -1);
    const kernel = perAxis(config.kernel_size, rank);
    const strides = perAxis(config.strides ?? 1, rank);
    const sizes = spatial.map((size, axis): Size => {
      if (size === null) return null;
      const overhang = config.padding === "same" ? 0 : Math.max(kernel[axis]! - strides[axis]!, 0);
      return size * strides[axis]! + overhang;
    });
    const filters = asNumber(config.filters);
    return [isFirst ? [input![0]!, filters, ...sizes] : [input![0]!, ...sizes, filters]];
  };
}

function pool(rank: number): Rule {
  return (config, [input]) => slide(config, input!, rank, config.pool_size ?? 2, (own) => own);
}

const globalPool1d: Rule = (_, [input]) => [[input![0]!, input![2]!]];
const globalPool2d: Rule = (config, [input]) => [[input![0]!, isChannelsFirst(config) ? input![1]! : input![3]!]];

/** A rule that changes the sizes of rows and columns. `pair` is the option's value for an axis, such as padding before and after. */
function rowsAndColumns(
  key: string,
  fallback: unknown,
  change: (size: number, pair: readonly number[]) => number,
): Rule {
  return (config, [input]) => {
    const firstSpatial = isChannelsFirst(config) ? 2 : 1;
    const pairs = perAxis(config[key] ?? fallback, 2, (each) => perAxis(each, 2));
    return [
      input!.map((size, axis) => {
        const pair = pairs[axis - firstSpatial];
        return size === null || pair === undefined ? size : change(size, pair);
      }),
    ];
  };
}

const flatten: Rule = (_, [input]) => [[input![0]!, product(input!.slice(1))]];

const reshape: Rule = (config, [input]) => {
  const target = numbers(config.target_shape);
  const known = target.reduce((total, size) => (size < 0 ? total : total * size), 1);
  // TF.js computes the free size only if all sizes are known, including the batch.
  const total = product(input!);
  const rest = total === null ? null : total / input![0]! / known;
  return [[input![0]!, ...target.map((size) => (size < 0 ? rest : size))]];
};

const permute: Rule = (config, [input]) => [[input![0]!, ...numbers(config.dims).map((axis) => input![axis] ?? null)]];

const embedding: Rule = (config, [input]) => {
  const given = config.input_length ?? undefined;
  const lengths = given === undefined ? input!.slice(1) : perAxis(given, input!.length - 1, sizeOf);
  return [[input![0]!, ...lengths.map((length, axis) => length ?? input![axis + 1]!), asNumber(config.output_dim)]];
};

const elementwise: Rule = (_, inputs) => {
  const [first] = inputs;
  if (!inputs.every(({ length }) => length === first!.length)) return undefined;
  const batches = new Set(inputs.flatMap(([batch]) => batch ?? []));
  const sizes = first!.slice(1).map((_size, axis) => {
    const each = inputs.map((input) => input[axis + 1]!);
    return each.some((size) => size === null) ? null : (each.find((size) => size !== 1) ?? 1);
  });
  return [[batches.size === 1 ? [...batches][0]! : null, ...sizes]];
};

const concatenate: Rule = (config, inputs) => {
  const [first] = inputs;
  const given = asNumber(config.axis ?? -1);
  const axis = given < 0 ? first!.length + given : given;
  const sizes = inputs.map((input) => input[axis]!);
  const total = sizes.some((size) => size === null) ? null : sizes.reduce((sum: number, size) => sum + size!, 0);
  return [first!.map((size, each) => (each === axis ? total : size))];
};

const dot: Rule = (config, inputs) => {
  if (inputs.length !== 2) return undefined;
  const axes = perAxis(config.axes, 2);
  const [a, b] = inputs.map((input, index) => {
    const axis = axes[index]! < 0 ? input.length + axes[index]! : axes[index]!;
    return input.filter((_size, each) => each !== axis);
  });
  const shape = [...a!, ...b!.slice(1)];
  return [shape.length === 1 ? [...shape, 1] : shape];
};

function recurrent(stateCount: number): Rule {
  return (config, [input]) => {
    const units = asNumber(config.units);
    const state = [input![0]!, units];
    const output = config.return_sequences === true ? [input![0]!, input![1]!, units] : state;
    return config.return_state === true ? [output, ...Array.from({ length: stateCount }, () => state)] : [output];
  };
}

const timeDistributed: Rule = ({ layer }, [input]) => {
  const inner = innerShapes(layer, [[input![0]!, ...input!.slice(2)]]);
  return inner?.map(([batch, ...rest]) => [batch!, input![1]!, ...rest]);
};

const bidirectional: Rule = (config, [input]) => {
  const [output, ...states] = innerShapes(config.layer, [input!]) ?? [];
  if (output === undefined) return undefined;
  // The default is "concat"; null returns both directions as two outputs.
  const mode = config.merge_mode === undefined ? "concat" : config.merge_mode;
  if (mode === null) return [output, output, ...states, ...states];
  const merged = mode === "concat" ? [...output.slice(0, -1), asNumber(output.at(-1)) * 2] : output;
  return [merged, ...states, ...states];
};

function innerShapes(layer: unknown, inputs: readonly KerasShape[]): KerasShape[] | undefined {
  if (!isJsonObject(layer) || typeof layer.class_name !== "string" || !isJsonObject(layer.config)) return undefined;
  return outputShapes(layer.class_name, layer.config, inputs);
}

const SAME_SHAPE = [
  ...["Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "ThresholdedReLU", "Softmax", "BatchNormalization"],
  ...["LayerNormalization", "Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout"],
  ...["Masking", "Rescaling"],
];

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...SAME_SHAPE.map((name): [string, Rule] => [name, sameShape]),
  ["Dense", dense],
  ["Conv1D", convolution(1)],
  ["Conv2D", convolution(2)],
  ["Conv3D", convolution(3)],
  ["SeparableConv2D", convolution(2)],
  ["DepthwiseConv2D", depthwise],
  ["Conv2DTranspose", transposed(2)],
  ["Conv3DTranspose", transposed(3)],
  ["MaxPooling1D", pool(1)],
  ["AveragePooling1D", pool(1)],
  ["MaxPooling2D", pool(2)],
  ["AveragePooling2D", pool(2)],
  ["MaxPooling3D", pool(3)],
  ["AveragePooling3D", pool(3)],
  ["GlobalMaxPooling1D", globalPool1d],
  ["GlobalAveragePooling1D", globalPool1d],
  ["GlobalMaxPooling2D", globalPool2d],
  ["GlobalAveragePooling2D", globalPool2d],
  ["ZeroPadding2D", rowsAndColumns("padding", 1, (size, [before, after]) => size + before! + after!)],
  ["Cropping2D", rowsAndColumns("cropping", 0, (size, [before, after]) => size - before! - after!)],
  ["UpSampling2D", rowsAndColumns("size", 2, (size, [factor]) => size * factor!)],
  ["Flatten", flatten],
  ["Reshape", reshape],
  ["Permute", permute],
  ["RepeatVector", ({ n }, [input]) => [[input![0]!, asNumber(n), input![1]!]]],
  ["Embedding", embedding],
  ...["Add", "Multiply", "Average", "Maximum", "Minimum"].map((name): [string, Rule] => [name, elementwise]),
  ["Concatenate", concatenate],
  ["Dot", dot],
  ["SimpleRNN", recurrent(1)],
  ["GRU", recurrent(1)],
  ["LSTM", recurrent(2)],
  ["TimeDistributed", timeDistributed],
  ["Bidirectional", bidirectional],
]);

function isChannelsFirst({ data_format: format }: JsonObject): boolean {
  return format === "channels_first" || format === "channelsFirst";
}

/** A single number stands for all axes. */
function perAxis(value: unknown, rank: number): number[];
function perAxis<T>(value: unknown, rank: number, read: (each: unknown) => T): T[];
function perAxis(value: unknown, rank: number, read: (each: unknown) => unknown = asNumber): unknown[] {
  return Array.isArray(value) ? value.map(read) : Array.from({ length: rank }, () => read(value));
}

function sizeOf(value: unknown): Size {
  return typeof value === "number" ? value : null;
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.map((each) => (each === null ? -1 : asNumber(each))) : [];
}

function product(sizes: KerasShape): Size {
  return sizes.reduce((total: Size, size) => (total === null || size === null ? null : total * size), 1);
}
