import type { StoredWeight } from "../../protocol/weight-recipe.js";
import { requireShape } from "./convolutions.js";
import { type Emitter, Untranslatable } from "./emitter.js";

/** Where a cell's weights are: scopes that their names contain in this order. */
export interface CellPlace {
  /** Each list of scopes is tried until one has the weight, once: layers in wrappers go by several names. */
  readonly paths: readonly (readonly string[])[];
  /** For files that name all cells of a layer alike: the layer's scopes and the cell's place among its cells. */
  readonly inLayer?: {
    readonly paths: readonly (readonly string[])[];
    readonly cellIndex: number;
    readonly cellCount: number;
  };
}

/** @throws Untranslatable if the file has no such weight, several, or one of another shape. */
export function cellWeight(
  emitter: Emitter,
  place: CellPlace,
  weight: string,
  shape: readonly (number | undefined)[],
): StoredWeight {
  const found = findWeight(emitter, place, weight);
  requireShape(found, shape);
  return found;
}

/** Like `cellWeight`, whatever its shape. */
export function findWeight(emitter: Emitter, { paths, inLayer }: CellPlace, weight: string): StoredWeight {
  for (const path of paths) {
    const found = emitter.storedBelow(path, weight);
    if (found.length === 1) return found[0]!;
  }
  for (const path of inLayer?.paths ?? []) {
    const found = emitter.storedBelow(path, weight);
    if (found.length === inLayer!.cellCount) return found[inLayer!.cellIndex]!;
  }
  throw new Untranslatable(`weight "${paths[0]?.join("/") ?? ""}/${weight}" is not in the file`);
}
