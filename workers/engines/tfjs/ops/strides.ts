import { elementCountOf } from "../../../../src/protocol/tensors.js";

/** How many elements one step along each axis skips, row by row. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** A negative axis counts from the end. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/**
 * For each element of `shape`, row by row, where it comes from: `start` plus its position along each axis times that axis's step.
 */
export function walk(shape: readonly number[], steps: readonly number[], start = 0): Int32Array {
  const indices = new Int32Array(elementCountOf(shape));
  const position = shape.map(() => 0);
  let source = start;
  for (let element = 0; element < indices.length; element++) {
    indices[element] = source;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis]!++;
      source += steps[axis]!;
      if (position[axis]! < shape[axis]!) break;
      source -= position[axis]! * steps[axis]!;
      position[axis] = 0;
    }
  }
  return indices;
}

/** Where each element of a broadcast comes from. @param to at least as long as `from`. */
export function broadcastIndices(from: readonly number[], to: readonly number[]): Int32Array {
  const strides = stridesOf(from);
  const missing = to.length - from.length;
  return walk(
    to,
    to.map((_, axis) => (axis < missing || from[axis - missing] === 1 ? 0 : strides[axis - missing]!)),
  );
}

/** The shape that both broadcast to; `undefined` if they don't fit. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape = Array.from({ length: rank }, (_, axis) => {
    const [sizeA, sizeB] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1) return -1;
    return sizeA === 1 ? sizeB : sizeA;
  });
  return shape.includes(-1) ? undefined : shape;
}

/** A shape with its only −1 replaced, so that it has `count` elements; a function of the values that Reshape takes. */
export function resolveShape(wanted: readonly number[], count: number): number[] {
  const known = elementCountOf(wanted.filter((size) => size >= 0));
  return wanted.map((size) => (size >= 0 ? size : known === 0 ? 0 : count / known));
}
