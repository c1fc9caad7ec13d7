import type { PlainNode, PlainOp } from "./plain-node.js";
import { floats, ints, type PlainTensor } from "./plain-tensor.js";

/** Types by how wide they are in TensorFlow. Of those that are missing, TF.js has other numbers (halves, 64 bits). */
const ARRAYS = {
  DT_FLOAT: Float32Array,
  DT_INT32: Int32Array,
  DT_INT16: Int16Array,
  DT_UINT16: Uint16Array,
  DT_INT8: Int8Array,
  DT_UINT8: Uint8Array,
};

function arrayOf(node: PlainNode, type: string): (typeof ARRAYS)[keyof typeof ARRAYS] {
  for (const [name, array] of Object.entries(ARRAYS)) if (name === type) return array;
  return node.refuse(`the type ${type}, which TF.js stores with another width`);
}

/** The same bits as another type. A narrower one adds an axis, a wider one takes the last axis away. */
function bitcast(node: PlainNode): PlainTensor {
  const [from, to] = [node.type("T"), node.type("type")];
  const { shape, data } = node.numbers(0);
  const [source, Target] = [arrayOf(node, from).from(data), arrayOf(node, to)];
  const target = new Target(source.buffer);
  const ratio = source.BYTES_PER_ELEMENT / target.BYTES_PER_ELEMENT;
  if (ratio < 1 && shape.at(-1) !== 1 / ratio) node.fail(`a last axis of ${1 / ratio}, received ${shape.at(-1)}`);
  const newShape = ratio === 1 ? shape : ratio > 1 ? [...shape, ratio] : shape.slice(0, -1);
  return to === "DT_FLOAT" ? floats(newShape, target) : ints(newShape, target);
}

export const BITCAST_OPS: Readonly<Record<string, PlainOp>> = { Bitcast: bitcast };
