import { type JsonObject, asNumber, asText } from "../artifacts.js";
import { show } from "../malformed.js";
import { asLayerDtype, encode, modeOf, saltOf } from "./categories.js";
import { Composer } from "./composer.js";
import type { EmitLayer } from "./emit-layer.js";
import { attrs, type Symbolic, Untranslatable } from "./emitter.js";
import type { LayerConfig } from "./layer-config.js";
import { numbersIn } from "./preprocessing.js";

type Token = string | number;

/** The number of a token that is left out of encoded outputs. */
const NO_CATEGORY = 2 ** 31 - 1;

/** A vocabulary as Keras numbers it: the mask token, then those out of the vocabulary, then the others. */
interface Vocabulary {
  readonly tokens: readonly Token[];
  readonly maskToken: Token | undefined;
  /** The number of the first token out of the vocabulary, which is how many mask tokens there are. */
  readonly first: number;
  readonly unknownCount: number;
  /** Whether the config lists the mask and unknown tokens among the others. */
  readonly hasSpecial: boolean;
}

/** StringLookup and IntegerLookup. Own ops look tokens up, since TF.js's tables fail on some backends. */
export const emitLookup: EmitLayer = (emitter, layer, [given], name) => {
  const composer = new Composer(emitter, name);
  const isText = layer.className === "StringLookup";
  const mode = modeOf(layer, "int");
  const vocabulary = readVocabulary(layer, mode);
  if (layer.boolean("invert", false)) return composer.named(tokensAt(composer, layer, given!, vocabulary, isText));
  if (isText !== (given!.dtype === "string")) {
    if (isText) throw new Untranslatable(`an input of ${given!.dtype}`);
    throw new Untranslatable("an input of strings");
  }
  const x = isText ? given! : composer.cast(given!, "int32");
  const found = composer.op(
    "_VocabularyFind",
    [x],
    { shape: x.shape, dtype: "int32" },
    findAttrs(layer, vocabulary, mode, isText),
  );
  return composer.named(asLayerDtype(composer, layer, encodeTokens(composer, layer, found, vocabulary, mode), mode));
};

/** Read the vocabulary of the config. @throws Untranslatable if it is in another file. */
export function readVocabulary(layer: LayerConfig, mode: string): Vocabulary {
  const { vocabulary: given, mask_token: mask, oov_token: unknown } = layer.config;
  const list: unknown = Array.isArray(given) ? given : undefined;
  const isToken = (each: unknown): each is Token => typeof each === "string" || Number.isSafeInteger(each);
  if (!Array.isArray(list) || !list.every(isToken)) {
    throw new Untranslatable(`vocabulary = ${show(given, 40)}: pass it to the layer as a list`);
  }
  const maskToken = isToken(mask) ? mask : undefined;
  const first = maskToken !== undefined && mode === "int" ? 1 : 0;
  const unknownCount = layer.number("num_oov_indices", 1);
  const special = [
    ...Array.from({ length: first }, () => maskToken),
    ...Array.from({ length: unknownCount }, () => unknown),
  ];
  const hasSpecial = special.length > 0 && special.every((token, index) => token === list[index]);
  const tokens: Token[] = hasSpecial ? list.slice(special.length) : list;
  return { tokens, maskToken, first, unknownCount, hasSpecial };
}

/** The attributes of ops that look tokens up. */
export function findAttrs(layer: LayerConfig, vocabulary: Vocabulary, mode: string, isText: boolean): JsonObject {
  const { tokens, maskToken, first, unknownCount } = vocabulary;
  const start = first + unknownCount;
  const numbers = new Map<Token, number>(tokens.map((token, index) => [token, start + index]));
  // Keras 2 and 3 leave a mask token out of encoded outputs.
  if (maskToken !== undefined) numbers.set(maskToken, mode === "int" ? 0 : NO_CATEGORY);
  const keys = [...numbers.keys()];
  const salt = saltOf(layer.config.salt);
  return {
    ...(isText ? { keys: attrs.texts(keys.map(asText)) } : { numbers: attrs.ints(keys.map(asNumber)) }),
    values: attrs.ints([...numbers.values()]),
    buckets: attrs.int(unknownCount),
    ...(unknownCount > 0 ? { unknown: attrs.int(first) } : {}),
    ...(salt === undefined ? {} : { salt: attrs.ints(salt) }),
    ...(layer.config.oov_method === "farmhash" ? { hashed: attrs.bool(true) } : {}),
  };
}

/** Encode the numbers of tokens by the layer's output mode. */
export function encodeTokens(
  composer: Composer,
  layer: LayerConfig,
  found: Symbolic,
  { tokens, first, unknownCount, hasSpecial }: Vocabulary,
  mode: string,
): Symbolic {
  if (mode === "int") return found;
  const size = first + unknownCount + tokens.length;
  const depth = layer.boolean("pad_to_max_tokens", false) ? layer.number("max_tokens") : size;
  if (depth < size) throw new Untranslatable("max_tokens");
  if (mode !== "tf_idf") return encode(composer, found, { mode, depth });
  const counts = encode(composer, found, { mode: "count", depth });
  // Keras 2 keeps the weights in a variable without a name, too.
  const stored = composer.emitter.bare("Variable");
  if (stored !== undefined && stored.dtype === "float32" && stored.shape.join() === String(depth)) {
    return composer.mul(counts, composer.recipe("idf_weights", stored));
  }
  const given = numbersIn(layer.config.idf_weights)?.values;
  const expected = hasSpecial ? size : tokens.length;
  if (given === undefined || given.length !== expected) throw new Untranslatable("idf_weights");
  // Keras gives tokens out of the vocabulary the mean weight.
  const mean = given.reduce((sum, each) => sum + each, 0) / given.length;
  const front = hasSpecial ? [] : Array.from({ length: unknownCount }, () => mean);
  const weights = [...front, ...given];
  const padded = Array.from({ length: depth }, (_, index) => weights[index] ?? 0);
  return composer.mul(counts, composer.literal(padded));
}

/** The token of each number. */
function tokensAt(
  composer: Composer,
  layer: LayerConfig,
  given: Symbolic,
  { tokens, maskToken, first, unknownCount }: Vocabulary,
  isText: boolean,
): Symbolic {
  const x = composer.cast(given, "int32");
  const unknown: unknown = layer.config.oov_token ?? (isText ? "[UNK]" : -1);
  const all = [
    ...Array.from({ length: first }, () => maskToken!),
    ...Array.from({ length: unknownCount }, () => unknown as Token),
    ...tokens,
  ];
  if (isText) {
    const attr = { tokens: attrs.texts(all.map(asText)), other: attrs.text(asText(unknown)) };
    return composer.op("_VocabularyAt", [x], { shape: x.shape, dtype: "string" }, attr);
  }
  const attr = {
    numbers: attrs.ints(all.map((_, index) => index)),
    values: attrs.ints(all.map(asNumber)),
    other: attrs.int(asNumber(unknown)),
  };
  return composer.op("_VocabularyFind", [x], { shape: x.shape, dtype: "int32" }, attr);
}
