// Writes a plain graph as TensorFlow's saved_model.pb, with its weights inside. Numbers of fields are those of TensorFlow's .proto files.
import { bytes, entry, integer, integers, message } from "./proto-writer.mjs";
import { unknown } from "./read-graph.mjs";

/** @typedef {import("./read-graph.mjs").Port} Port */

const TYPES = { DT_FLOAT: 1, DT_INT32: 3 };
/** The oldest TensorFlow that has all of these operations reads graphs of this version. */
const PRODUCER = 808;

/**
 * The whole file: it is the folder's only one, since constants hold the weights.
 * @param {import("./read-graph.mjs").PlainGraph} graph
 * @returns {Buffer} with the signature "serving_default" under the tag "serve"
 */
export function savedModelFile({ inputs, outputs, nodes }) {
  const placeholders = inputs.map(({ tensor, shape }) => {
    return node(tensor, "Placeholder", [], { dtype: integer(6, TYPES.DT_FLOAT), shape: bytes(7, shapeOf(shape)) });
  });
  const rest = nodes.map((each) => {
    if (each.kind === "step") {
      const attributes = Object.entries(each.attr).map(([key, value]) => [key, attribute(value, key, each.name)]);
      return node(each.name, each.op, each.inputs, Object.fromEntries(attributes));
    }
    const { name, shape, dtype, data } = each;
    const type = dtype === "float32" ? TYPES.DT_FLOAT : TYPES.DT_INT32;
    const content = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const tensor = message(integer(1, type), bytes(2, shapeOf(shape)), bytes(4, content));
    return node(name, "Const", [], { dtype: integer(6, type), value: bytes(8, tensor) });
  });
  const versions = bytes(4, integer(1, PRODUCER));
  const graph = message(...[...placeholders, ...rest].map((each) => bytes(1, each)), versions);
  const signature = message(
    ...inputs.map((port) => entry(1, port.name, tensorInfo(port))),
    ...outputs.map((port) => entry(2, port.name, tensorInfo(port))),
    bytes(3, "tensorflow/serving/predict"),
  );
  const meta = message(bytes(1, bytes(4, "serve")), bytes(2, graph), entry(5, "serving_default", signature));
  return message(integer(1, 1), bytes(2, meta));
}

/** @param {string} name @param {string} op @param {readonly string[]} inputs @param {Record<string, Buffer>} attributes */
function node(name, op, inputs, attributes) {
  const attr = Object.entries(attributes).map(([key, value]) => entry(5, key, value));
  return message(bytes(1, name), bytes(2, op), ...inputs.map((input) => bytes(3, input)), ...attr);
}

/** @param {Record<string, any>} value as model.json has it @param {string} key @param {string} name */
function attribute(value, key, name) {
  if (typeof value["s"] === "string") return bytes(2, Buffer.from(value["s"], "base64"));
  if (value["i"] !== undefined) return integer(3, BigInt(value["i"]));
  if (typeof value["b"] === "boolean") return integer(5, Number(value["b"]));
  const type = TYPES[/** @type {keyof typeof TYPES} */ (value["type"])];
  if (type !== undefined) return integer(6, type);
  const list = value["list"];
  if (list !== undefined) return bytes(1, list.i === undefined ? "" : integers(3, list.i.map(Number)));
  throw unknown(`the attribute "${key}" of ${JSON.stringify(value)}`, name);
}

/** @param {readonly number[]} shape */
function shapeOf(shape) {
  return message(...shape.map((size) => bytes(2, integer(1, size))));
}

/** @param {Port} port */
function tensorInfo({ tensor, shape }) {
  return message(bytes(1, `${tensor}:0`), integer(2, TYPES.DT_FLOAT), bytes(3, shapeOf(shape)));
}
