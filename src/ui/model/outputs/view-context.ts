import type { ItemOutput } from "./item-output.js";
import type { PictureBehind } from "./picture-behind.js";

/** What the views of an item's outputs have in common. */
export interface ViewContext {
  readonly outputs: readonly ItemOutput[];
  /** Of the model's classes. */
  readonly labels: readonly string[] | undefined;
  /** The picture that the item was; `undefined` for numbers. */
  readonly picture: PictureBehind | undefined;
  /** The size of the pictures that the model takes; `undefined` if it takes none. */
  readonly inputSize: { readonly width: number; readonly height: number } | undefined;
}

/** Labels of a detector may have an entry for "no class" before all others, or not. */
export function labelOf(labels: readonly string[] | undefined, index: number): string {
  return labels?.[index] ?? `class ${index}`;
}
