import type { EmitLayer } from "./emit-layer.js";
import { attrs, castAttrs, type Emitter, FLOAT, requireFloat, type Symbolic, Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";

/** Masks the steps whose features are all equal to `mask_value`, and sets these features to zero. */
export const emitMasking: EmitLayer = (emitter, layer, [given], name) => {
  const x = requireFloat(given!);
  const rank = x.shape.length;
  if (rank < 2) throw new Untranslatable(`an input of rank ${rank}`);
  const value = emitter.float32(`${name}/mask_value`, [maskValue(layer)], []);
  const differs = emitter.node(`${name}/NotEqual`, "NotEqual", [x.reference, value], FLOAT);
  const axis = emitter.int32(`${name}/axis`, [rank - 1]);
  const any = emitter.node(`${name}/mask`, "Any", [differs, axis], { keep_dims: attrs.bool(false) });
  const mask: Symbolic = { reference: any, shape: x.shape.slice(0, -1), dtype: "bool" };
  const place = emitter.int32(`${name}/last`, [rank - 1], []);
  const kept = emitter.node(`${name}/kept`, "ExpandDims", [any, place], { T: { type: "DT_BOOL" } });
  if (emitter.kerasMajor === 2) {
    const factor = emitter.node(`${name}/factor`, "Cast", [kept], castAttrs("bool", "float32"));
    return { ...x, mask, reference: emitter.node(name, "Mul", [x.reference, factor], FLOAT) };
  }
  const zero = emitter.float32(`${name}/zero`, [0], []);
  return { ...x, mask, reference: emitter.node(name, "SelectV2", [kept, x.reference, zero], FLOAT) };
};

/** Keras 3 may write it as an array. */
function maskValue(layer: LayerConfig): number {
  const given: unknown = layer.config.mask_value;
  if (typeof given === "number" || given === undefined || given === null) return layer.number("mask_value", 0);
  throw new Untranslatable("a mask_value that is not a number");
}

/** The mask of an embedding with `mask_zero`: index 0 stands for a step that doesn't count. @param x the indices. */
export function embeddingMask(emitter: Emitter, name: string, x: Symbolic): Symbolic {
  if (x.dtype === "bool") throw new Untranslatable("an embedding of bool");
  const zero = x.dtype === "int32" ? emitter.int32(`${name}/zero`, [0], []) : emitter.float32(`${name}/zero`, [0], []);
  const type = x.dtype === "int32" ? "DT_INT32" : "DT_FLOAT";
  const reference = emitter.node(`${name}/mask`, "NotEqual", [x.reference, zero], { T: { type } });
  return { reference, shape: x.shape, dtype: "bool" };
}
