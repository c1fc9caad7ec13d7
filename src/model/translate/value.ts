import type { WeightRecipe } from "../../protocol/weight-recipe.js";

/** The types of elements that tensors have in a translated model. */
export type Element = "float32" | "int32" | "bool";

/** How TensorFlow Lite numbers them. */
export const ELEMENT_NUMBERS: Readonly<Record<Element, number>> = { float32: 0, int32: 2, bool: 6 };

/** Where the elements of a constant come from. */
export type ConstantSource =
  /** A weight, whose axes are put into another order, and which then has another shape. */
  | { readonly kind: "weight"; readonly recipe: WeightRecipe; readonly permutation?: readonly number[] }
  | { readonly kind: "literal"; readonly values: readonly number[] };

/** A tensor during the translation, for inputs of one shape. Constants become tensors of the file only where an operator reads them. */
export interface Value {
  /** Without free sizes. */
  readonly shape: readonly number[];
  readonly element: Element;
  readonly source: { readonly kind: "tensor"; readonly index: number } | ConstantSource;
}

/** Numbers that are written out. */
export function literal(element: Element, shape: readonly number[], values: readonly number[]): Value {
  return { shape, element, source: { kind: "literal", values } };
}

/** A list of whole numbers, as operators take shapes and axes. */
export function integerList(values: readonly number[]): Value {
  return literal("int32", [values.length], values);
}

export function float(value: number): Value {
  return literal("float32", [], [value]);
}
