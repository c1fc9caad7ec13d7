import type { PlainNode, PlainOp } from "./plain-node.js";
import { pick, type PlainTensor } from "./plain-tensor.js";
import { joined } from "./partition.js";

/** What was built from a table's keys, which stay the same from call to call. */
const positions = new WeakMap<object, ReadonlyMap<number | string, number>>();

/** The value of each key, or the default. Inputs: keys to look up, default value, the table's keys, the table's values. */
function tableFind(node: PlainNode): PlainTensor {
  const [wanted, fallback, keys, values] = [node.input(0), node.input(1), node.input(2), node.input(3)];
  if (wanted.dtype === "complex64" || keys.dtype === "complex64") return node.refuse("complex keys");
  const known =
    positions.get(keys.data) ??
    new Map(Array.from<number | string, [number | string, number]>(keys.data, (key, index) => [key, index]));
  positions.set(keys.data, known);
  const missing = keys.data.length;
  const from = Array.from<number | string, number>(wanted.data, (key) => known.get(key) ?? missing);
  // Values may be vectors; the default has the shape of one.
  if (values.shape.length !== 1) return node.refuse("values that are no scalars");
  return pick(joined(node, [values, fallback]), wanted.shape, from);
}

export const TABLE_OPS: Readonly<Record<string, PlainOp>> = { _TableFind: tableFind };
