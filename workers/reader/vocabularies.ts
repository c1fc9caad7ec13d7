import { asJsonObject, isJsonObject } from "../../src/model/artifacts.js";

/** A config that is being changed. */
type Config = Record<string, unknown>;

/**
 * Put the vocabularies of lookup layers, which a `.keras` file keeps as files, into the layers' configs as `vocabulary`: a list of
 * strings, or of numbers for an IntegerLookup, as their constructors take it.
 *
 * @param assets the texts by their paths below "assets", such as "layers/string_lookup/vocabulary.txt".
 * Source: `_save_container_state` of keras/src/saving/saving_lib.py names a layer after its class, and counts those of one class.
 */
export function addVocabularies(modelConfig: object, assets: ReadonlyMap<string, string>): void {
  if (assets.size === 0) return;
  const visit = (model: Config, folder: string): void => {
    const { layers } = asJsonObject(model.config);
    if (!Array.isArray(layers)) return;
    const counts = new Map<string, number>();
    for (const layer of layers as unknown[]) {
      if (!isJsonObject(layer) || typeof layer.class_name !== "string") continue;
      const base = toSnakeCase(layer.class_name);
      const count = counts.get(base) ?? 0;
      counts.set(base, count + 1);
      const path = `${folder}layers/${count === 0 ? base : `${base}_${count}`}/`;
      const text = assets.get(`${path}vocabulary.txt`) ?? assets.get(`${path}_lookup_layer/vocabulary.txt`);
      if (text !== undefined && isJsonObject(layer.config)) {
        (layer.config as Config).vocabulary = readVocabulary(text, layer.class_name, layer.config.vocabulary_dtype);
      }
      visit(layer as Config, path);
    }
  };
  visit(modelConfig as Config, "");
}

function readVocabulary(text: string, className: string, dtype: unknown): (string | number)[] {
  const words = text.split("\n");
  const isNumbers = className === "IntegerLookup" && dtype !== "string";
  return isNumbers ? words.map(Number) : words;
}

/** Source: `to_snake_case` of keras/src/utils/naming.py. */
function toSnakeCase(className: string): string {
  return className
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}
