import { allOf, asBools, causalMask } from "./attention-masks.js";
import { Composer } from "./composer.js";
import { requireShape } from "./convolutions.js";
import type { EmitLayer } from "./emit-layer.js";
import { requireFloat, type Symbolic, Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";

/** What Keras takes from the scores of masked keys. */
const MASKED = 1e9;

/**
 * Attention and AdditiveAttention. Inputs: query `[batch, queries, features]`, value and, if given, key `[batch, keys, features]`; their
 * masks are those of the sequences. Sources: Luong et al. (2015), Bahdanau et al. (2015), as in Keras.
 */
export const emitAttention: EmitLayer = (emitter, layer, inputs, name, call) => {
  const [query, value, key = value] = inputs;
  if (query === undefined || value === undefined || inputs.length > 3)
    throw new Untranslatable("a call without a value");
  for (const input of [query, value, key!]) {
    if (requireFloat(input).shape.length !== 3) throw new Untranslatable(`an input of rank ${input.shape.length}`);
  }
  const composer = new Composer(emitter, name);
  const isAdditive = layer.className === "AdditiveAttention";
  const scores = isAdditive ? additiveScores(composer, layer, query, key!) : dotScores(composer, layer, query, key!);
  const isCausal = layer.boolean("causal", false) || call?.options.use_causal_mask === true;
  const valueMask = asBools(composer, value.mask, 2);
  const mask = allOf(composer, [
    valueMask === undefined ? undefined : composer.expand(valueMask, 1),
    isCausal ? causalMask(composer, query, key!, 1, 1) : undefined,
  ]);
  let weights = scores;
  if (mask !== undefined) {
    const hidden = composer.cast(composer.unary("LogicalNot", mask), "float32");
    weights = composer.sub(scores, composer.mul(hidden, composer.scalar(MASKED)));
  }
  weights = composer.unary("Softmax", weights);
  let result = composer.matmul(weights, value);
  const queryMask = asBools(composer, query.mask, 2);
  if (queryMask !== undefined) {
    result = composer.mul(result, composer.cast(composer.expand(queryMask, 2), "float32"));
  }
  const output = composer.named(result);
  return call?.options.return_attention_scores === true ? [output, weights] : output;
};

function weight(
  composer: Composer,
  layer: LayerConfig,
  name: string,
  shape: readonly (number | undefined)[],
): Symbolic {
  const stored = composer.emitter.stored(layer.name, name);
  requireShape(stored, shape);
  const reference = composer.emitter.constant(`${layer.name}/${name}`, stored);
  return { reference, shape: stored.shape, dtype: "float32" };
}

function dotScores(composer: Composer, layer: LayerConfig, query: Symbolic, key: Symbolic): Symbolic {
  const scale = layer.boolean("use_scale", false) ? weight(composer, layer, "scale", []) : undefined;
  const mode = layer.string("score_mode", "dot");
  if (mode === "dot") {
    const scores = composer.matmul(query, key, { adjointB: true });
    return scale === undefined ? scores : composer.mul(scores, scale);
  }
  if (mode !== "concat") throw new Untranslatable(`score_mode "${mode}"`);
  const sums = pairwiseSums(composer, query, key);
  const bounded = composer.unary("Tanh", scale === undefined ? sums : composer.mul(sums, scale));
  const factor = weight(composer, layer, "concat_score_weight", []);
  return composer.mul(composer.reduce("Sum", bounded, [3]), factor);
}

function additiveScores(composer: Composer, layer: LayerConfig, query: Symbolic, key: Symbolic): Symbolic {
  const bounded = composer.unary("Tanh", pairwiseSums(composer, query, key));
  if (!layer.boolean("use_scale", true)) return composer.reduce("Sum", bounded, [3]);
  const scale = weight(composer, layer, "scale", [query.shape[2]]);
  return composer.reduce("Sum", composer.mul(bounded, scale), [3]);
}

/** Every query plus every key: `[batch, queries, keys, features]`. */
function pairwiseSums(composer: Composer, query: Symbolic, key: Symbolic): Symbolic {
  return composer.add(composer.expand(query, 2), composer.expand(key, 1));
}
