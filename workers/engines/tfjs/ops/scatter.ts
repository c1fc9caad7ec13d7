import { elementCountOf } from "../../../../src/protocol/tensors.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { byteStrings, numbersOf, type IntTensor, type PlainTensor } from "./plain-tensor.js";
import { combine, type Reduction } from "./segments.js";
import { stridesOf } from "./strides.js";

/** Rows of `updates` put into a tensor at the places that the rows of `indices` name. */
function scatter(
  node: PlainNode,
  target: PlainTensor,
  indices: IntTensor,
  updates: PlainTensor,
  how: Reduction | "Sub" | "Update",
): PlainTensor {
  const { shape } = target;
  const depth = indices.shape.at(-1) ?? node.fail("indices with at least one axis");
  const strides = stridesOf(shape);
  const width = elementCountOf(shape.slice(depth));
  const rows = depth === 0 ? elementCountOf(indices.shape.slice(0, -1)) : indices.data.length / depth;
  const placeOf = (row: number): number => {
    let place = 0;
    for (let axis = 0; axis < depth; axis++) {
      const index = indices.data[row * depth + axis]!;
      if (index < 0 || index >= shape[axis]!) node.fail(`indices from 0 to ${shape[axis]! - 1}, received ${index}`);
      place += index * strides[axis]!;
    }
    return place;
  };
  if (target.dtype === "string" && updates.dtype === "string") {
    const texts = [...target.data];
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < width; column++) texts[placeOf(row) + column] = updates.data[row * width + column]!;
    return byteStrings(shape, texts);
  }
  if (target.dtype === "string" || target.dtype === "complex64" || updates.dtype === "string")
    return node.refuse(`elements of type ${target.dtype}`);
  const values = Float64Array.from(target.data);
  for (let row = 0; row < rows; row++) {
    const place = placeOf(row);
    for (let column = 0; column < width; column++) {
      const update = updates.data[row * width + column]!;
      const before = values[place + column]!;
      values[place + column] =
        how === "Update"
          ? update
          : how === "Sub"
            ? combine("Sum", target.dtype, before, -update)
            : combine(how, target.dtype, before, update);
    }
  }
  return numbersOf(target.dtype, shape, values);
}

function tensorScatter(how: Reduction | "Sub" | "Update"): PlainOp {
  return (node) => scatter(node, node.input(0), node.ints(1), node.input(2), how);
}

/** Into zeros, or empty strings. What is put at one place several times is added up. */
function scatterNd(node: PlainNode): PlainTensor {
  const [indices, updates] = [node.ints(0), node.input(1)];
  const shape = Array.from(node.ints(2).data);
  const size = elementCountOf(shape);
  if (updates.dtype === "string")
    return scatter(
      node,
      byteStrings(
        shape,
        Array.from({ length: size }, () => ""),
      ),
      indices,
      updates,
      "Update",
    );
  if (updates.dtype === "complex64") return node.refuse("complex numbers");
  const how = updates.dtype === "bool" ? "Max" : "Sum";
  return scatter(node, numbersOf(updates.dtype, shape, new Float64Array(size)), indices, updates, how);
}

export const SCATTER_OPS: Readonly<Record<string, PlainOp>> = {
  TensorScatterAdd: tensorScatter("Sum"),
  TensorScatterSub: tensorScatter("Sub"),
  TensorScatterMax: tensorScatter("Max"),
  TensorScatterMin: tensorScatter("Min"),
  TensorScatterUpdate: tensorScatter("Update"),
  ScatterNdNonAliasingAdd: tensorScatter("Sum"),
  ScatterNd: scatterNd,
};
