import type { PlainNode, PlainOp } from "./plain-node.js";
import { floats, ints, type PlainTensor } from "./plain-tensor.js";

/** Types whose elements are, in TF.js, as wide as in TensorFlow. */
const FULL_WIDTH = new Set(["DT_FLOAT", "DT_INT32"]);

/** The same bits as another type of the same width. */
function bitcast(node: PlainNode): PlainTensor {
  const from = node.type("T");
  const to = node.type("type");
  const { shape, data } = node.numbers(0);
  if (from === to) return node.input(0);
  if (!FULL_WIDTH.has(from) || !FULL_WIDTH.has(to))
    return node.refuse(`types ${from} and ${to}, which TF.js stores with other widths`);
  return to === "DT_FLOAT"
    ? floats(shape, new Float32Array(data.slice().buffer))
    : ints(shape, new Int32Array(data.slice().buffer));
}

export const BITCAST_OPS: Readonly<Record<string, PlainOp>> = { Bitcast: bitcast };
