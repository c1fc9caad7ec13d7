import { elementCountOf } from "../../protocol/tensors.js";
import type { StoredWeight, WeightRecipe } from "../../protocol/weight-recipe.js";
import { evaluateConstant } from "../constant-expression.js";
import type { ConstantSource, Element } from "./value.js";

/** A constant of the file. */
export interface Constant {
  readonly element: Element;
  readonly source: ConstantSource;
  readonly byteLength: number;
}

type Numbers = ArrayLike<number> & { readonly length: number };

/** @param shape as the recipe has it, before its axes are put into another order. */
export function constantOf(element: Element, source: ConstantSource): Constant {
  const count = source.kind === "literal" ? source.values.length : elementCountOf(source.recipe.shape);
  return { element, source, byteLength: count * (element === "bool" ? 1 : 4) };
}

/**
 * Write the elements of a constant, little-endian, without keeping a copy.
 * @param target as long as the constant; its offset is a multiple of 4.
 * @param data the model's weight data, from which stored weights are read.
 * @throws ShardError "weights-truncated", "model-malformed"
 */
export function writeConstant(
  { element, source }: Constant,
  target: Uint8Array<ArrayBufferLike>,
  data: ArrayBuffer | SharedArrayBuffer,
): void {
  const { buffer, byteOffset } = target;
  const count = element === "bool" ? target.length : target.length / 4;
  const view =
    element === "float32"
      ? new Float32Array(buffer, byteOffset, count)
      : element === "int32"
        ? new Int32Array(buffer, byteOffset, count)
        : target;
  if (source.kind === "literal") return view.set(source.values);
  const { recipe, permutation } = source;
  if (permutation === undefined && isPlain(recipe, element, data)) {
    return target.set(new Uint8Array(data, recipe.byteOffset, recipe.byteLength));
  }
  const values = valuesOf(recipe, data);
  if (permutation === undefined) return view.set(values);
  permute(values, recipe.shape, permutation, view);
}

/** Whether the stored bytes are the elements. What leads past the data is left to the reader that says so. */
function isPlain(
  recipe: WeightRecipe,
  element: Element,
  data: ArrayBuffer | SharedArrayBuffer,
): recipe is StoredWeight {
  if (recipe.kind !== "stored" || recipe.quantization !== undefined || recipe.dtype !== element) return false;
  return recipe.byteOffset + recipe.byteLength <= data.byteLength;
}

function valuesOf(recipe: WeightRecipe, data: ArrayBuffer | SharedArrayBuffer): Numbers {
  if (recipe.kind === "computed") return evaluateConstant(recipe.value, data).values;
  if (isPlain(recipe, "float32", data) && recipe.byteOffset % 4 === 0) {
    return new Float32Array(data, recipe.byteOffset, recipe.byteLength / 4);
  }
  return evaluateConstant({ op: "weight", weight: recipe }, data).values;
}

/** The small whole numbers of a constant. O(their number). */
export function integersIn(source: ConstantSource, data: ArrayBuffer | SharedArrayBuffer): readonly number[] {
  return source.kind === "literal" ? source.values : Array.from(valuesOf(source.recipe, data));
}

function permute(
  values: Numbers,
  shape: readonly number[],
  permutation: readonly number[],
  target: { [index: number]: number },
): void {
  const strides = shape.map((_, axis) => elementCountOf(shape.slice(axis + 1)));
  const sizes = permutation.map((axis) => shape[axis]!);
  const steps = permutation.map((axis) => strides[axis]!);
  const last = sizes.length - 1;
  const [rowSize, rowStep] = [sizes[last]!, steps[last]!];
  const position = sizes.map(() => 0);
  let from = 0;
  for (let index = 0; index < values.length; index += rowSize) {
    for (let each = 0; each < rowSize; each++) target[index + each] = values[from + each * rowStep]!;
    for (let axis = last - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++position[axis]! < sizes[axis]!) break;
      from -= steps[axis]! * sizes[axis]!;
      position[axis] = 0;
    }
  }
}
