import { emitActivation, emitLeakyRelu } from "./activations.js";
import { requireShape, reshaped, type EmitLayer } from "./convolutions.js";
import { attrs, castAttrs, type Emitter, FLOAT, requireFloat, toFloat, Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";

export const emitBatchNormalization: EmitLayer = (emitter, layer, [x], name) => {
  const rank = x!.shape.length;
  const channels = x!.shape[rank - 1];
  const given = layer.config.axis ?? -1;
  const axis = Number(Array.isArray(given) ? given[0] : given);
  if (axis !== -1 && axis !== rank - 1) throw new Untranslatable("an axis other than the last");
  if (channels === undefined || rank < 2 || rank > 4) throw new Untranslatable(`an input of rank ${rank}`);
  requireFloat(x!);
  requireShape(emitter.stored(layer.name, "moving_mean"), [channels]);
  const part = (isThere: boolean, weight: string, fallback: number): string => {
    if (isThere) return emitter.constant(`${layer.name}/${weight}`, emitter.stored(layer.name, weight));
    return emitter.float32(
      `${layer.name}/${weight}`,
      Array.from({ length: channels }, () => fallback),
    );
  };
  const inputs = [
    x!.reference,
    part(layer.boolean("scale", true), "gamma", 1),
    part(layer.boolean("center", true), "beta", 0),
    part(true, "moving_mean", 0),
    part(true, "moving_variance", 1),
  ];
  const attr = {
    ...FLOAT,
    U: { type: "DT_FLOAT" },
    epsilon: attrs.float(layer.number("epsilon", 1e-3)),
    data_format: attrs.string("NHWC"),
    is_training: attrs.bool(false),
  };
  return { ...x!, reference: emitter.node(name, "FusedBatchNormV3", inputs, attr) };
};

export const emitLayerNormalization: EmitLayer = (emitter, layer, [x], name) => {
  const rank = requireFloat(x!).shape.length;
  const axes = axesOf(layer.config.axis ?? -1, rank);
  const isAscending = axes.every((axis, index) => index === 0 || axis > axes[index - 1]!);
  if (!isAscending) throw new Untranslatable("axes that are not ascending");
  const indices = emitter.int32(`${name}/axes`, axes);
  const keep = { ...FLOAT, keep_dims: attrs.bool(true) };
  const node = (suffix: string, op: string, inputs: string[], attr = FLOAT): string =>
    emitter.node(suffix === "" ? name : `${name}/${suffix}`, op, inputs, attr);
  const parameter = (weight: string): string => {
    const stored = emitter.stored(layer.name, weight);
    requireShape(
      stored,
      axes.map((axis) => x!.shape[axis]),
    );
    // Broadcasting aligns it with its own axes then.
    const shape = x!.shape.map((size, axis) => (axes.includes(axis) ? size! : 1)).slice(axes[0]);
    return emitter.constant(`${layer.name}/${weight}`, reshaped(stored, shape));
  };
  const mean = node("mean", "Mean", [x!.reference, indices], keep);
  const centred = node("centred", "Sub", [x!.reference, mean]);
  const variance = node("variance", "Mean", [node("squared", "Square", [centred]), indices], keep);
  const epsilon = emitter.float32(`${name}/epsilon`, [layer.number("epsilon", 1e-3)], []);
  const deviation = node("Rsqrt", "Rsqrt", [node("AddV2", "AddV2", [variance, epsilon])]);
  let reference = node("normalised", "Mul", [centred, deviation]);
  if (layer.boolean("scale", true)) reference = node("scaled", "Mul", [reference, parameter("gamma")]);
  if (layer.boolean("center", true)) reference = node("", "AddV2", [reference, parameter("beta")]);
  return { ...x!, reference };
};

/** Read one axis or a list of axes; negative ones count from the end. */
function axesOf(value: unknown, rank: number): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map((each) => {
    const axis = Number(each) < 0 ? Number(each) + rank : Number(each);
    if (!(Number.isInteger(axis) && axis > 0 && axis < rank)) throw new Untranslatable(`axis ${JSON.stringify(value)}`);
    return axis;
  });
}

export const emitRescaling: EmitLayer = (emitter, layer, [x], name) => {
  const float = toFloat(emitter, name, x!);
  const scale = emitter.float32(`${name}/scale`, [layer.number("scale")], []);
  const offset = emitter.float32(`${name}/offset`, [layer.number("offset", 0)], []);
  const scaled = emitter.node(`${name}/Mul`, "Mul", [float.reference, scale], FLOAT);
  return { ...float, reference: emitter.node(name, "AddV2", [scaled, offset], FLOAT) };
};

/** Of the options, TF.js's ReLU layer supports only `max_value`. */
export const emitRelu: EmitLayer = (emitter, layer, [x], name) => {
  const { max_value: limit, negative_slope: slope, threshold } = layer.config;
  if ((slope ?? 0) !== 0) throw new Untranslatable("negative_slope");
  if ((threshold ?? 0) !== 0) throw new Untranslatable("threshold");
  if (limit === undefined || limit === null) return emitActivation(emitter, name, x!, "relu");
  if (limit === 6) return emitActivation(emitter, name, x!, "relu6");
  const relu = emitActivation(emitter, `${name}/Relu`, x!, "relu");
  const most = emitter.float32(`${name}/max`, [layer.number("max_value")], []);
  return { ...x!, reference: emitter.node(name, "Minimum", [relu.reference, most], FLOAT) };
};

export const emitLeaky: EmitLayer = (emitter, layer, [x], name) =>
  emitLeakyRelu(emitter, name, requireFloat(x!), layer.number("alpha", 0.3));

export const emitPrelu: EmitLayer = (emitter, layer, [x], name) => {
  const alpha = emitter.constant(`${layer.name}/alpha`, emitter.stored(layer.name, "alpha"));
  return { ...x!, reference: emitter.node(name, "Prelu", [requireFloat(x!).reference, alpha], FLOAT) };
};

export const emitElu: EmitLayer = (emitter, layer, [x], name) => {
  if (layer.number("alpha", 1) !== 1) throw new Untranslatable("ELU with an alpha other than 1");
  return emitActivation(emitter, name, x!, "elu");
};

export const emitThresholdedRelu: EmitLayer = (emitter, layer, [x], name) => {
  const { reference } = requireFloat(x!);
  const threshold = emitter.float32(`${name}/theta`, [layer.number("theta", 1)], []);
  const isAbove = emitter.node(`${name}/Greater`, "Greater", [reference, threshold], FLOAT);
  const cast = emitter.node(`${name}/Cast`, "Cast", [isAbove], castAttrs("bool", "float32"));
  return { ...x!, reference: emitter.node(name, "Mul", [reference, cast], FLOAT) };
};

export const emitSoftmax: EmitLayer = (emitter, layer, [x], name) => {
  const rank = requireFloat(x!).shape.length;
  // TF.js's default is 1, not Keras's -1.
  const given: unknown = layer.config.axis ?? 1;
  const axes = axesOf(given, rank);
  if (axes.length === 1 && axes[0] === rank - 1) return emitActivation(emitter, name, x!, "softmax");
  // TF.js refuses a single axis other than the last.
  if (axes.length === 1) throw new Untranslatable(`axis ${JSON.stringify(given)}`);
  const indices = emitter.int32(`${name}/axes`, axes);
  const keep = { ...FLOAT, keep_dims: attrs.bool(true) };
  const largest = emitter.node(`${name}/Max`, "Max", [x!.reference, indices], keep);
  const centred = emitter.node(`${name}/Sub`, "Sub", [x!.reference, largest], FLOAT);
  const powers = emitter.node(`${name}/Exp`, "Exp", [centred], FLOAT);
  const sum = emitter.node(`${name}/Sum`, "Sum", [powers, indices], keep);
  return { ...x!, reference: emitter.node(name, "RealDiv", [powers, sum], FLOAT) };
};

export const emitActivationLayer: EmitLayer = (emitter: Emitter, layer: LayerConfig, [x], name) =>
  emitActivation(emitter, name, x!, layer.config.activation);
