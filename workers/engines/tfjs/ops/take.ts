import {
  cast,
  concat,
  gather,
  notEqual,
  reshape,
  scalar,
  tensor,
  type Tensor as TfTensor,
} from "@tensorflow/tfjs-core";
import { elementCountOf } from "../../../../src/protocol/tensors.js";
import { isWasm } from "./kernel-node.js";

/** Flat indices into a tensor, row by row of the result. */
export type IndexMap = Int32Array;

/** Fill an index map. @param indexAt the flat index of the source for one place of the result; the array is used again. */
export function mapIndices(shape: readonly number[], indexAt: (place: readonly number[]) => number): IndexMap {
  const indices = new Int32Array(elementCountOf(shape));
  const place = shape.map(() => 0);
  for (let i = 0; i < indices.length; i++) {
    indices[i] = indexAt(place);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++place[axis]! < shape[axis]!) break;
      place[axis] = 0;
    }
  }
  return indices;
}

/** Elements between two neighbours along each axis. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

export function flatIndex(place: readonly number[], strides: readonly number[]): number {
  return place.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
}

/** One 0, false or "" of a tensor's dtype. */
export function zeroLike({ dtype }: TfTensor): TfTensor {
  return dtype === "string" ? tensor([""], [1], dtype) : tensor([0], [1], dtype);
}

/**
 * Arrange elements of `x`, and of the tensors in `others` behind them, into a new tensor of its dtype.
 * @param others counted on after the last element of `x`; for example one scalar that fills gaps.
 */
export function take(x: TfTensor, shape: readonly number[], indices: IndexMap, ...others: TfTensor[]): TfTensor {
  const sizes = [...shape];
  const { dtype } = x;
  if (indices.length === 0) return tensor([], sizes, dtype);
  if (dtype === "string") {
    const values = [x, ...others].flatMap((each) => Array.from(each.dataSync(), String));
    return tensor(
      Array.from(indices, (index) => values[index]!),
      sizes,
      dtype,
    );
  }
  const flat = [x, ...others].map((each) => reshape(each.dtype === "bool" ? cast(each, "int32") : each, [-1]));
  const source = flat.length === 1 ? flat[0]! : concat(flat.filter(({ size }) => size > 0));
  const taken = reshape(gather(source, tensor(indices, [indices.length], "int32")), sizes);
  return dtype === "bool" ? toBool(taken) : taken;
}

/** TF.js's WASM backend copies bytes where it should compare with zero. */
export function toBool(x: TfTensor): TfTensor {
  return x.dtype === "bool" ? x : notEqual(x, scalar(0, x.dtype === "int32" ? "int32" : "float32"));
}

/** Run an op that TF.js's WASM backend gets wrong for booleans, which have one byte and not four. */
export function aroundBools(x: TfTensor, run: (x: TfTensor) => TfTensor): TfTensor {
  return x.dtype === "bool" && isWasm() ? toBool(run(cast(x, "int32"))) : run(x);
}
