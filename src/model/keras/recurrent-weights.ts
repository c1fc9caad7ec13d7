import type { ConstantExpression, StoredWeight, WeightRecipe } from "../../protocol/weight-recipe.js";
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

/** Whether a bias is one of cuDNN's: one value after another for the input's product and for the recurrent one. */
export function isCudnnBias({ shape }: StoredWeight, columns: number): boolean {
  return shape.length === 1 && shape[0] === 2 * columns;
}

/**
 * A kernel of cuDNN as one of Keras. In each gate, the recurrent kernel is transposed, and the input's holds its values in the order
 * of the transposed one. Source: the conversion that Keras documents for weights of CuDNNLSTM and CuDNNGRU.
 * @param weight `[rows, gates·units]`
 */
export function fromCudnn(weight: StoredWeight, gateCount: number, isRecurrent: boolean): WeightRecipe {
  const [rows, columns] = weight.shape as [number, number];
  const units = columns / gateCount;
  const reshape = (a: ConstantExpression, ...shape: number[]): ConstantExpression => ({ op: "reshape", a, shape });
  const transpose = (a: ConstantExpression, ...permutation: number[]): ConstantExpression => ({
    op: "transpose",
    a,
    permutation,
  });
  const gates = reshape({ op: "weight", weight }, rows, gateCount, units);
  const ordered = isRecurrent
    ? transpose(gates, 2, 1, 0)
    : transpose(reshape(transpose(gates, 1, 0, 2), gateCount, units, rows), 2, 0, 1);
  return { kind: "computed", shape: weight.shape, dtype: "float32", value: reshape(ordered, rows, columns) };
}
