import type { StoredWeight } from "../../protocol/weight-recipe.js";
import type { ModelArtifacts } from "../artifacts.js";
import { Untranslatable } from "./emitter.js";
import { innerLayersOf, pathsByClass } from "./inner-weights.js";
import { type LayerConfig, MAX_NESTING, readLayerConfig, readModelConfig } from "./layer-config.js";
import { isOperation } from "./operations.js";
import { weightOrder } from "./weight-order.js";

/** In `.keras` files a weight is known by its layer's place in the model and its number in the layer. */
const NUMBERED = /(^|\/)vars\/\d+$/;
/** How the list of a model's layers is called there, and how it was called in the first versions of the format. */
const LIST = "layers/";
const OLD_LIST = "_layer_checkpoint_dependencies/";

/**
 * Give the weights of a file in the format of Keras 3 (`layers/lstm/cell/vars/0`) the names that they have in Keras and in other
 * files: names of layers, from the outermost model to the layer, then that of the weight (`model/lstm/lstm_cell/kernel`).
 * Other names stay as they are, as do those of layers that are not known here.
 * @param artifacts normalised.
 */
export function nameWeights(
  artifacts: ModelArtifacts,
  stored: ReadonlyMap<string, StoredWeight>,
): Map<string, StoredWeight> {
  const numbered = new Map([...stored].filter(([name]) => NUMBERED.test(name)));
  if (numbered.size === 0) return new Map(stored);
  const named = new Map<string, StoredWeight>();
  const take = (path: string, name: string): void => {
    const weight = numbered.get(path);
    if (weight === undefined) return;
    named.set(name, weight);
    numbered.delete(path);
  };
  try {
    const list = [...numbered.keys()].some((name) => name.startsWith(LIST)) ? LIST : OLD_LIST;
    nameLayer(readModelConfig(artifacts), "", "", { list, take }, 0);
  } catch (thrown) {
    // Whoever reads the config says what is wrong with it.
    if (!(thrown instanceof Untranslatable) && !(thrown instanceof SyntaxError)) throw thrown;
  }
  const others = [...stored].filter(([name]) => !NUMBERED.test(name));
  return new Map([...others, ...named, ...numbered]);
}

/** @param path of the layer in the file, and @param scope its name with those around it; both end in "/" unless they are empty. */
function nameLayer(
  layer: LayerConfig,
  path: string,
  scope: string,
  to: { readonly list: string; readonly take: (path: string, name: string) => void },
  depth: number,
): void {
  if (depth > MAX_NESTING) throw new Untranslatable("layers nested too deep");
  const { layers } = layer.config;
  if (Array.isArray(layers)) {
    const known = layers.map(readLayerConfig).filter(({ className }) => !isOperation(className));
    for (const { paths, layer: inner } of pathsByClass(known, to.list)) {
      for (const each of paths) nameLayer(inner, `${path}${each}/`, `${scope}${inner.name}/`, to, depth + 1);
    }
    return;
  }
  weightOrder(layer.className, layer.config).forEach((weight, index) => {
    to.take(`${path}vars/${index}`, `${scope}${weight}`);
  });
  for (const { paths, layer: inner } of innerLayersOf(layer)) {
    for (const each of paths) nameLayer(inner, `${path}${each}/`, `${scope}${inner.name}/`, to, depth + 1);
  }
}
