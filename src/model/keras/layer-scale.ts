import { Composer } from "./composer.js";
import { requireShape } from "./convolutions.js";
import type { EmitLayer } from "./emit-layer.js";
import { toFloat, Untranslatable } from "./emitter.js";

/**
 * LayerScale of Keras' ConvNeXt: a factor for each channel of the last axis. Keras 2 names the weight "gamma"; Keras 3 gives it no
 * name, and so files have a number (`…/variable_4`).
 */
export const emitLayerScale: EmitLayer = (emitter, layer, [given], name) => {
  const x = toFloat(emitter, name, given!);
  const [unnamed, other] = emitter.storedBelow([layer.name], "variable");
  if (other !== undefined) throw new Untranslatable("several weights");
  const stored = unnamed ?? emitter.stored(layer.name, "gamma");
  requireShape(stored, x.shape.slice(-1));
  const composer = new Composer(emitter, name);
  const reference = emitter.constant(`${layer.name}/gamma`, stored);
  return composer.named(composer.mul(x, { reference, shape: stored.shape, dtype: "float32" }));
};
