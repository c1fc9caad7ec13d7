import { hasMask, sliceParts } from "../../slice-parts.js";
import type { NodeCall } from "../node-call.js";

/** What a slice takes of each axis, and the shape that it then has. */
export interface SliceBounds {
  /** The first position on each axis. */
  readonly begin: readonly number[];
  readonly strides: readonly number[];
  /** How many positions on each axis, before axes are dropped and added. */
  readonly sizes: readonly number[];
  readonly shape: readonly number[];
}

/**
 * Read a StridedSlice, whose masks are turned into numbers.
 * @throws ShardError "model-unsupported" for bounds that are computed from values.
 * Source: TensorFlow's `strided_slice`.
 */
export function stridedBounds(call: NodeCall): SliceBounds {
  const { shape: from } = call.input(0);
  const { attr } = call.node;
  const [begins, ends, steps] = [1, 2, 3].map((place) => call.integers(place, "bounds"));
  const parts = sliceParts(attr, begins!.length, from.length) ?? call.refuse("more bounds than axes");
  const [begin, strides, sizes, shape]: number[][] = [[], [], [], []];
  const take = (first: number, step: number, size: number): void => {
    begin!.push(first);
    strides!.push(step);
    sizes!.push(size);
  };
  for (const { kind, entry } of parts) {
    if (kind === "new") {
      shape!.push(1);
      continue;
    }
    const size = from[begin!.length]!;
    if (kind === "all") {
      take(0, 1, size);
      shape!.push(size);
    } else if (kind === "index") {
      const given = begins![entry]!;
      take(given < 0 ? given + size : given, 1, 1);
    } else {
      const step = steps![entry]!;
      const clamp = (position: number): number => {
        const place = position < 0 ? position + size : position;
        return step > 0 ? Math.min(size, Math.max(0, place)) : Math.min(size - 1, Math.max(-1, place));
      };
      const first = hasMask(attr, "begin_mask", entry) ? (step > 0 ? 0 : size - 1) : clamp(begins![entry]!);
      const end = hasMask(attr, "end_mask", entry) ? (step > 0 ? size : -1) : clamp(ends![entry]!);
      const count = Math.max(0, Math.ceil((end - first) / step));
      take(first, step, count);
      shape!.push(count);
    }
  }
  return { begin: begin!, strides: strides!, sizes: sizes!, shape: shape! };
}

/** Read a Slice, in which a size of -1 is the rest. @throws ShardError "model-unsupported" */
export function sliceBounds(call: NodeCall): SliceBounds {
  const { shape: from } = call.input(0);
  const [begin, given] = [call.integers(1, "bounds"), call.integers(2, "sizes")];
  const sizes = given.map((size, axis) => (size === -1 ? from[axis]! - begin[axis]! : size));
  return { begin, strides: begin.map(() => 1), sizes, shape: sizes };
}
