import type { TensorSpec } from "../../protocol/model-on-wire.js";

/** What the shapes of a model's inputs say about the batch. */
export type BatchLayout =
  /** Axis 0 of some inputs is free, or their shape is not stated: a call takes any number of items. */
  | { readonly kind: "free" }
  /** Axis 0 of some inputs is fixed: a call takes exactly `itemCount` items, ≥ 1. */
  | { readonly kind: "fixed"; readonly itemCount: number }
  /** No input has a batch axis. */
  | { readonly kind: "none" };

type InputSpec = Pick<TensorSpec, "shape" | "batched">;

/** Find the batch in the shapes of the inputs. If axis 0 is fixed at several sizes, none of them is taken for the batch. */
export function batchLayoutOf(inputs: readonly InputSpec[]): BatchLayout {
  if (inputs.some((spec) => mayCarryItems(spec, { kind: "free" }))) return { kind: "free" };
  const sizes = new Set(inputs.flatMap(({ shape, batched }) => (batched === false ? [] : (shape?.[0] ?? []))));
  const [size] = sizes;
  if (sizes.has(1)) return { kind: "fixed", itemCount: 1 };
  return sizes.size === 1 && size! > 1 ? { kind: "fixed", itemCount: size! } : { kind: "none" };
}

/** Whether an input can have a row for each item. Whether it does, its tensor shows. */
export function mayCarryItems({ shape, batched }: InputSpec, layout: BatchLayout): boolean {
  if (batched === false || layout.kind === "none") return false;
  if (layout.kind === "fixed") return shape?.[0] === layout.itemCount;
  return shape === undefined || shape[0] === -1;
}
