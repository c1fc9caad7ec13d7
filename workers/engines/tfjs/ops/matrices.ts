import {
  backend_util,
  broadcastTo,
  cast,
  cumprod,
  cumsum,
  equal,
  expandDims,
  exp,
  log,
  matMul,
  max,
  mul,
  range,
  reshape,
  sub,
  tensor,
  where,
  zerosLike,
  add,
  type Tensor as TfTensor,
} from "@tensorflow/tfjs-core";
import type { KernelOp } from "./kernel-node.js";
import { mapIndices, toBool } from "./take.js";

/** Keep `lower` diagonals below the main one and `upper` above it, all of them if negative. */
const bandPart: KernelOp = (node) => {
  const x = node.tensor(0);
  const [lower, upper] = [node.number(1), node.number(2)];
  const [rows, columns] = [x.shape.at(-2)!, x.shape.at(-1)!];
  const kept = mapIndices([rows, columns], ([row, column]) => {
    const k = column! - row!;
    return (lower < 0 || -k <= lower) && (upper < 0 || k <= upper) ? 1 : 0;
  });
  const mask = tensor(kept, [...x.shape.slice(0, -2).map(() => 1), rows, columns], "int32");
  if (x.dtype === "bool") return toBool(mul(cast(x, "int32"), mask));
  return where(broadcastTo(toBool(mask), x.shape), x, zerosLike(x));
};

/** Whole numbers are multiplied as floats, which is exact below 2^24. */
export function product(a: TfTensor, b: TfTensor, transposesA: boolean, transposesB: boolean): TfTensor {
  if (a.dtype === "int32") {
    return cast(product(cast(a, "float32"), cast(b, "float32"), transposesA, transposesB), "int32");
  }
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = backend_util.assertAndGetBroadcastShape(batchA, batchB);
  // TF.js counts matrices round and round, which is right only if one operand has one matrix, or both have the same axes.
  const isPlain = [batchA, batchB].every((each) => sizeOf(each) === 1 || sizeOf(each) === sizeOf(batch));
  const spread = (x: TfTensor): TfTensor => (isPlain ? x : broadcastTo(x, [...batch, ...x.shape.slice(-2)]));
  return matMul(spread(a), spread(b), transposesA, transposesB);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}

const batchProduct: KernelOp = (node) => {
  return product(node.tensor(0), node.tensor(1), node.attr.flag("adj_x"), node.attr.flag("adj_y"));
};

type Scan = (x: TfTensor, axis: number, exclusive: boolean, reverse: boolean) => TfTensor;

/** TF.js runs along another axis, or out of the memory, if the axis counts from the end. */
const scan =
  (run: Scan): KernelOp =>
  (node) => {
    const x = node.tensor(0);
    const axis = node.axis(node.number(1), x.rank);
    return run(x, axis, node.attr.flag("exclusive"), node.attr.flag("reverse"));
  };

/** Sums of exponentials relative to the largest value along the axis. */
const scanExponentials: Scan = (x, axis, exclusive, reverse) => {
  const largest = max(x, axis, true);
  return add(log(cumsum(exp(sub(x, largest)), axis, exclusive, reverse)), largest);
};

const oneHot: KernelOp = (node) => {
  const [indices, on, off] = [node.tensor(0), node.tensor(2), node.tensor(3)];
  const depth = node.number(1);
  const axis = node.axis(node.attr.number("axis", -1), indices.rank + 1);
  const places = Array.from({ length: indices.rank + 1 }, (_, each) => (each === axis ? depth : 1));
  const isHit = equal(expandDims(cast(indices, "int32"), axis), reshape(range(0, depth, 1, "int32"), places));
  const choose = (a: TfTensor, b: TfTensor): TfTensor =>
    where(
      isHit,
      broadcastTo(reshape(a, [...isHit.shape.map(() => 1)]), isHit.shape),
      broadcastTo(reshape(b, [...isHit.shape.map(() => 1)]), isHit.shape),
    );
  if (on.dtype === "string") return node.attr.refuse("strings as its values");
  if (on.dtype !== "bool") return choose(on, off);
  return toBool(choose(cast(on, "int32"), cast(off, "int32")));
};

export const MATRIX_OPS: Readonly<Record<string, KernelOp>> = {
  MatrixBandPart: bandPart,
  BatchMatrixBandPart: bandPart,
  BatchMatMul: batchProduct,
  BatchMatMulV2: batchProduct,
  BatchMatMulV3: batchProduct,
  MatMul: (node) =>
    product(node.tensor(0), node.tensor(1), node.attr.flag("transpose_a"), node.attr.flag("transpose_b")),
  Cumsum: scan(cumsum),
  Cumprod: scan(cumprod),
  CumulativeLogsumexp: scan(scanExponentials),
  OneHot: oneHot,
};
