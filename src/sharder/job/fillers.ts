import { allocateTensor } from "../../protocol/rows.js";
import { elementCountOf, type Tensor } from "../../protocol/tensors.js";

/** Fill rows of items that failed: NaN for floats, 0 for integers and booleans, "" for strings. */
export function fillRows(tensor: Tensor, firstRow: number, rowCount: number): void {
  const rowSize = elementCountOf(tensor.shape.slice(1));
  const [start, end] = [firstRow * rowSize, (firstRow + rowCount) * rowSize];
  if (tensor.dtype === "string") tensor.data.fill("", start, end);
  else tensor.data.fill(tensor.dtype === "float32" ? Number.NaN : 0, start, end);
}

/** A tensor of fillers, with the shape of another. @param rowCount in place of its axis 0, if it is given. */
export function fillerLike({ dtype, shape }: Tensor, rowCount?: number): Tensor {
  const filler = allocateTensor(dtype, rowCount === undefined ? [...shape] : [rowCount, ...shape.slice(1)]);
  if (filler.shape.length === 0) fillRows({ ...filler, shape: [1] }, 0, 1);
  else fillRows(filler, 0, filler.shape[0]!);
  return filler;
}
