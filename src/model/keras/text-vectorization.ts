import { asNumber } from "../artifacts.js";
import { asLayerDtype } from "./categories.js";
import { Composer } from "./composer.js";
import type { EmitLayer } from "./emit-layer.js";
import { attrs, Untranslatable } from "./emitter.js";
import { LayerConfig } from "./layer-config.js";
import { encodeTokens, findAttrs, readVocabulary } from "./lookups.js";

/** Texts as numbers of their tokens, in one op of our own, then encoded. */
export const emitTextVectorization: EmitLayer = (emitter, given, [x], name) => {
  if (x!.dtype !== "string") throw new Untranslatable(`an input of ${x!.dtype}`);
  const composer = new Composer(emitter, name);
  if (given.boolean("ragged", false)) throw new Untranslatable("ragged");
  if (given.boolean("sparse", false)) throw new Untranslatable("sparse");
  const mode = given.string("output_mode", "int");
  // The look-up inside has these tokens, which the layer's own config doesn't list.
  const layer = new LayerConfig(given.className, given.name, { mask_token: "", oov_token: "[UNK]", ...given.config });
  const vocabulary = readVocabulary(layer, mode);
  const standardize = optional(layer, "standardize", "lower_and_strip_punctuation");
  const split = optional(layer, "split", "whitespace");
  if (!["", "lower", "strip_punctuation", "lower_and_strip_punctuation"].includes(standardize))
    throw new Untranslatable(`standardize "${standardize}"`);
  if (!["", "whitespace", "character"].includes(split)) throw new Untranslatable(`split "${split}"`);
  const isLong = x!.shape.length > 2 || (split !== "" && x!.shape.length === 2 && x!.shape[1] !== 1);
  if (isLong) throw new Untranslatable("several texts for each item");
  if (split === "" && x!.shape.length < 2)
    throw new Untranslatable("texts that are not split, without an axis for them");
  const length = mode === "int" ? (layer.config.output_sequence_length ?? undefined) : undefined;
  const attr = {
    ...findAttrs(layer, vocabulary, mode, true),
    lower: attrs.bool(standardize.startsWith("lower")),
    strip: attrs.bool(standardize.endsWith("strip_punctuation")),
    split: attrs.text(split),
    ngrams: attrs.ints(ngramWidths(layer.config.ngrams)),
    length: attrs.int(length === undefined ? -1 : layer.number("output_sequence_length")),
  };
  const columns = length === undefined ? undefined : asNumber(length);
  const found = composer.op("_TokenNumbers", [x!], { shape: [x!.shape[0], columns], dtype: "int32" }, attr);
  if (mode === "int") return composer.named(composer.binary("Maximum", found, composer.ints([0], [])));
  return composer.named(asLayerDtype(composer, layer, encodeTokens(composer, layer, found, vocabulary, mode), mode));
};

/** `null` means that nothing is done. A function of Python is not a string. */
function optional(layer: LayerConfig, key: string, fallback: string): string {
  if (layer.config[key] === null) return "";
  return layer.string(key, fallback);
}

/** A number n stands for all widths up to n. */
function ngramWidths(value: unknown): number[] {
  if (value === undefined || value === null) return [];
  const list: unknown[] = Array.isArray(value)
    ? value
    : Array.from({ length: asNumber(value) }, (_, index) => index + 1);
  if (list.length === 0 || !list.every((each) => Number.isSafeInteger(each) && asNumber(each) > 0))
    throw new Untranslatable("ngrams");
  return list.map(asNumber);
}
