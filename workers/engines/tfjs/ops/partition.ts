import { elementCountOf } from "../../../../src/protocol/tensors.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { byteStrings, complexes, numbersOf, pick, type PlainTensor } from "./plain-tensor.js";

/** The rows with number p go to output p, in order. */
function dynamicPartition(node: PlainNode): PlainTensor[] {
  const [source, partitions] = [node.input(0), node.ints(1)];
  const outputCount = node.number("num_partitions");
  const rowShape = source.shape.slice(partitions.shape.length);
  const width = elementCountOf(rowShape);
  const parts: number[][] = Array.from({ length: outputCount }, () => []);
  const counts = parts.map(() => 0);
  for (const [row, part] of partitions.data.entries()) {
    const list = parts[part] ?? node.fail(`partitions from 0 to ${outputCount - 1}, received ${part}`);
    counts[part]!++;
    for (let offset = 0; offset < width; offset++) list.push(row * width + offset);
  }
  return parts.map((indices, part) => pick(source, [counts[part]!, ...rowShape], indices));
}

/** Rows of several inputs, each put where its index says; the last one counts where indices repeat. */
function dynamicStitch(node: PlainNode): PlainTensor {
  const count = node.number("N", node.inputs.length / 2);
  const indices = Array.from({ length: count }, (_, each) => node.ints(each));
  const sources = node.list(count, 2 * count);
  const first = sources[0] ?? node.fail("data");
  const rowShape = first.shape.slice(indices[0]!.shape.length);
  const width = elementCountOf(rowShape);
  let rows = 0;
  for (const { data } of indices) for (const index of data) rows = Math.max(rows, index + 1);
  const from = new Int32Array(rows * width).fill(-1);
  let offset = 0;
  for (const [each, { data }] of indices.entries()) {
    for (const [row, index] of data.entries())
      for (let column = 0; column < width; column++) from[index * width + column] = offset + row * width + column;
    offset += elementCountOf(sources[each]!.shape);
  }
  return pick(joined(node, sources), [rows, ...rowShape], from);
}

/** The elements of all tensors as one vector. They have the same dtype. */
export function joined(node: PlainNode, sources: readonly PlainTensor[]): PlainTensor {
  const dtype = sources[0]?.dtype ?? node.fail("at least one input");
  const length = sources.reduce((sum, { shape }) => sum + elementCountOf(shape), 0);
  if (dtype === "string")
    return byteStrings(
      [length],
      sources.flatMap((each) => (each.dtype === "string" ? [...each.data] : [])),
    );
  const parts = dtype === "complex64" ? 2 : 1;
  const data = new Float64Array(parts * length);
  let offset = 0;
  for (const each of sources) {
    if (each.dtype === "string") continue;
    data.set(each.data, offset);
    offset += each.data.length;
  }
  return dtype === "complex64" ? complexes([length], Float32Array.from(data)) : numbersOf(dtype, [length], data);
}

export const PARTITION_OPS: Readonly<Record<string, PlainOp>> = {
  DynamicPartition: dynamicPartition,
  DynamicStitch: dynamicStitch,
  ParallelDynamicStitch: dynamicStitch,
};
