import type { StoredWeight } from "../../protocol/weight-recipe.js";
import type { JsonObject } from "../artifacts.js";
import { innerLayers } from "./inner-layers.js";
import type { KerasLayer } from "./keras-call.js";

/**
 * Find the weights of each layer, by name. As in TF.js, a weight belongs to the layer whose name its own name begins with. Weights
 * that belong to no layer are left out. O(weights × slashes in their names + layers).
 */
export function weightsOfLayers(
  layers: readonly KerasLayer[],
  stored: ReadonlyMap<string, StoredWeight>,
): Map<KerasLayer, Map<string, StoredWeight>> {
  const owners = new Map<string, KerasLayer>();
  for (const layer of layers) for (const scope of scopesOf(layer.name, layer.config)) owners.set(scope, layer);
  const weights = new Map(layers.map((layer) => [layer, new Map<string, StoredWeight>()]));
  for (const [name, weight] of stored) {
    const owner = ownerOf(name, owners);
    if (owner !== undefined) weights.get(owner)!.set(name, weight);
  }
  return weights;
}

/** The longest matching name wins, because names of layers may contain slashes. */
function ownerOf(weightName: string, owners: ReadonlyMap<string, KerasLayer>): KerasLayer | undefined {
  for (let end = weightName.lastIndexOf("/"); end > 0; end = weightName.lastIndexOf("/", end - 1)) {
    const owner = owners.get(weightName.slice(0, end));
    if (owner !== undefined) return owner;
  }
  return undefined;
}

/** Names that the weights of a layer may begin with: its own, and those of layers inside it, which may have been built before. */
function scopesOf(name: string, config: JsonObject): string[] {
  return [name, ...innerLayers(config).flatMap((inner) => scopesOf(inner.name, inner.config))];
}
