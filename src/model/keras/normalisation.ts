import { attrs, type Emitter, FLOAT, type Symbolic, Untranslatable } from "./emitter.js";
import { emitActivation, emitLeakyRelu } from "./activations.js";
import type { EmitLayer } from "./convolutions.js";
import type { LayerConfig } from "./layer-config.js";

export const emitBatchNormalization: EmitLayer = (emitter, layer, [x], name) => {
  const rank = x!.shape.length;
  const channels = x!.shape[rank - 1];
  const given = layer.config.axis ?? -1;
  const axis = Number(Array.isArray(given) ? given[0] : given);
  if ((axis !== -1 && axis !== rank - 1) || channels === undefined || rank < 2 || rank > 4 || x!.dtype !== "float32") {
    throw new Untranslatable("batch normalisation along another axis than the last");
  }
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
  const rank = x!.shape.length;
  const given: unknown = layer.config.axis ?? -1;
  const axes = (Array.isArray(given) ? given : [given]).map((axis) => (Number(axis) < 0 ? Number(axis) + rank : axis));
  if (axes.length !== 1 || axes[0] !== rank - 1 || x!.dtype !== "float32") throw new Untranslatable("axis");
  const indices = emitter.int32(`${name}/axes`, [rank - 1]);
  const keep = { ...FLOAT, keep_dims: attrs.bool(true) };
  const node = (suffix: string, op: string, inputs: string[], attr = FLOAT): string =>
    emitter.node(suffix === "" ? name : `${name}/${suffix}`, op, inputs, attr);
  const mean = node("mean", "Mean", [x!.reference, indices], keep);
  const centred = node("centred", "Sub", [x!.reference, mean]);
  const variance = node("variance", "Mean", [node("squared", "Square", [centred]), indices], keep);
  const epsilon = emitter.float32(`${name}/epsilon`, [layer.number("epsilon", 1e-3)], []);
  let reference = node("normalised", "Mul", [
    centred,
    node("Rsqrt", "Rsqrt", [node("AddV2", "AddV2", [variance, epsilon])]),
  ]);
  if (layer.boolean("scale", true)) {
    reference = node("scaled", "Mul", [
      reference,
      emitter.constant(`${layer.name}/gamma`, emitter.stored(layer.name, "gamma")),
    ]);
  }
  if (layer.boolean("center", true)) {
    reference = node("", "AddV2", [
      reference,
      emitter.constant(`${layer.name}/beta`, emitter.stored(layer.name, "beta")),
    ]);
  }
  return { ...x!, reference };
};

export const emitRescaling: EmitLayer = (emitter, layer, [x], name) => {
  if (x!.dtype !== "float32") throw new Untranslatable(`Rescaling of ${x!.dtype}`);
  const scale = emitter.float32(`${name}/scale`, [layer.number("scale")], []);
  const offset = emitter.float32(`${name}/offset`, [layer.number("offset", 0)], []);
  const scaled = emitter.node(`${name}/Mul`, "Mul", [x!.reference, scale], FLOAT);
  return { ...x!, reference: emitter.node(name, "AddV2", [scaled, offset], FLOAT) };
};

/** TF.js's ReLU layer knows `max_value` alone. */
export const emitRelu: EmitLayer = (emitter, layer, [x], name) => {
  const { max_value: limit, negative_slope: slope, threshold } = layer.config;
  if ((slope !== undefined && slope !== 0) || (threshold !== undefined && threshold !== 0)) {
    throw new Untranslatable("ReLU with a slope or a threshold");
  }
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
  if (layer.number("alpha", 1) !== 1) throw new Untranslatable("ELU with another alpha than 1");
  return emitActivation(emitter, name, x!, "elu");
};

export const emitSoftmax: EmitLayer = (emitter, layer, [x], name) => {
  // TF.js's default is 1, not Keras's -1.
  const axis = layer.number("axis", 1);
  if (axis !== -1 && axis !== x!.shape.length - 1) throw new Untranslatable("softmax along another axis than the last");
  return emitActivation(emitter, name, x!, "softmax");
};

export const emitActivationLayer: EmitLayer = (emitter: Emitter, layer: LayerConfig, [x], name) =>
  emitActivation(emitter, name, x!, layer.config.activation);

function requireFloat(x: Symbolic): Symbolic {
  if (x.dtype !== "float32") throw new Untranslatable(`activation of ${x.dtype}`);
  return x;
}
