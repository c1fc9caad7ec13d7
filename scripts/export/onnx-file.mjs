// Writes a plain graph as an .onnx file. Numbers of fields are those of onnx.proto.
import { bytes, integer, integers, message } from "./proto-writer.mjs";
import { unknown } from "./read-graph.mjs";

/** @typedef {import("./read-graph.mjs").Constant} Constant */
/** @typedef {import("./read-graph.mjs").Step} Step */

/** IR version 8 and these operators are read by ONNX Runtime 1.12 and later. */
const IR_VERSION = 8;
const OPSET = 17;
const FLOAT = 1;
const INT64 = 7;

/**
 * The whole file. Pictures are [batch, height, width, channels] outside, as in TF.js, and [batch, channels, height, width] inside, as ONNX's
 * convolutions want them: one transposition at each end.
 * @param {import("./read-graph.mjs").PlainGraph} graph
 * @returns {Buffer}
 */
export function onnxFile({ inputs, outputs, nodes }) {
  const constants = new Map(nodes.flatMap((node) => (node.kind === "constant" ? [[node.name, node]] : [])));
  /** @type {Map<string, Buffer>} */
  const initializers = new Map();
  /** @type {Buffer[]} */
  const written = [];
  /** @type {(op: string, from: string[], to: string, attributes?: Buffer[]) => void} */
  const add = (op, from, to, attributes = []) => {
    const names = [...from.map((name) => bytes(1, name)), bytes(2, to), bytes(3, to), bytes(4, op)];
    written.push(message(...names, ...attributes.map((each) => bytes(5, each))));
  };
  /** @type {(name: string, shape: readonly number[], data: Float32Array | BigInt64Array) => string} */
  const keep = (name, shape, data) => {
    const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const type = data instanceof Float32Array ? FLOAT : INT64;
    initializers.set(name, message(integers(1, shape), integer(2, type), bytes(8, name), bytes(9, raw)));
    return name;
  };

  for (const { tensor } of inputs) add("Transpose", [tensor], `${tensor}/nchw`, [ints("perm", [0, 3, 1, 2])]);
  const fed = new Set(inputs.map(({ tensor }) => tensor));
  const drained = new Set(outputs.map(({ tensor }) => tensor));
  const inside = (/** @type {string} */ name) => (fed.has(name) || drained.has(name) ? `${name}/nchw` : name);
  for (const node of nodes) if (node.kind === "step") addStep(node, constants, inside, add, keep);
  for (const { tensor } of outputs) add("Transpose", [`${tensor}/nchw`], tensor, [ints("perm", [0, 2, 3, 1])]);

  const graph = message(
    ...written.map((node) => bytes(1, node)),
    bytes(2, "upscale-x2"),
    ...[...initializers.values()].map((each) => bytes(5, each)),
    ...inputs.map((port) => bytes(11, valueInfo(port, "in"))),
    ...outputs.map((port) => bytes(12, valueInfo(port, "out"))),
  );
  const opset = message(bytes(1, ""), integer(2, OPSET));
  return message(integer(1, IR_VERSION), bytes(2, "inference-sharder"), bytes(7, graph), bytes(8, opset));
}

/**
 * @param {Step} step
 * @param {Map<string, Constant>} constants
 * @param {(name: string) => string} inside the name of its tensor in NCHW
 * @param {(op: string, from: string[], to: string, attributes?: Buffer[]) => void} add
 * @param {(name: string, shape: readonly number[], data: Float32Array | BigInt64Array) => string} keep
 */
function addStep({ name, op, inputs, attr }, constants, inside, add, keep) {
  const to = inside(name);
  const from = inputs.map(inside);
  const [first = "", second = ""] = from;
  /** @param {number} index */
  const constant = (index) => {
    const found = constants.get(inputs[index] ?? "");
    if (found === undefined) throw unknown(`${op} of a computed "${inputs[index]}"`, name);
    return found;
  };
  if (attr["data_format"] !== undefined && textOf(attr["data_format"]) !== "NHWC") throw unknown(`${op} in NCHW`, name);
  if (op === "AddV2") return add("Add", from, to);
  if (op === "Relu") return add("Relu", from, to);
  if (op === "Maximum" || op === "Minimum") {
    const { data, shape } = constant(1);
    return add(op === "Maximum" ? "Max" : "Min", [first, keep(second, shape, floatsOf(data))], to);
  }
  if (op === "BiasAdd") {
    const { data } = constant(1);
    return add("Add", [first, keep(second, [data.length, 1, 1], floatsOf(data))], to);
  }
  if (op === "DepthToSpace") {
    return add("DepthToSpace", [first], to, [int("blocksize", Number(attr["block_size"].i)), text("mode", "DCR")]);
  }
  if (op === "MirrorPad") {
    const mode = text("mode", padMode(attr, constant(1), name));
    return add("Pad", [first, keep(`${name}/pads`, [8], padsOf(constant(1)))], to, [mode]);
  }
  if (op !== "Conv2D") throw unknown(op, name);
  const { data, shape } = constant(1);
  const [height = 0, width = 0, channels = 0, filters = 0] = shape;
  const filter = keep(
    second,
    [filters, channels, height, width],
    filtersFirst(floatsOf(data), height * width, channels, filters),
  );
  const padding = { SAME: "SAME_UPPER", VALID: "VALID" }[textOf(attr["padding"])];
  if (padding === undefined) throw unknown(`padding ${textOf(attr["padding"])}`, name);
  const middle = (/** @type {any} */ list) => list.list.i.slice(1, 3).map(Number);
  const steps = [ints("strides", middle(attr["strides"])), ints("dilations", middle(attr["dilations"]))];
  add("Conv", [first, filter], to, [text("auto_pad", padding), ints("kernel_shape", [height, width]), ...steps]);
}

/** @param {Constant} ring [4, 2], of axes in NHWC @returns in NCHW, those before every axis and then those behind */
function padsOf({ data }) {
  const places = [0, 3, 1, 2].map((axis) => 2 * axis);
  return BigInt64Array.from([...places, ...places.map((place) => place + 1)], (place) => BigInt(data[place] ?? 0));
}

/** Mirrored with its edge, one pixel is that edge again; ONNX has no wider ones. @param {Record<string, any>} attr @param {Constant} ring @param {string} name */
function padMode(attr, ring, name) {
  const mode = textOf(attr["mode"]);
  if (mode === "REFLECT") return "reflect";
  if (mode === "SYMMETRIC" && ring.data.every((each) => each <= 1)) return "edge";
  throw unknown(`MirrorPad ${mode} of more than one pixel`, name);
}

/** @param {Float32Array | Int32Array} data */
function floatsOf(data) {
  if (data instanceof Float32Array) return data;
  throw new Error("Expected constants of float32 beside pictures, received int32.");
}

/** From [pixels, in, out] to [out, in, pixels]. @param {Float32Array} data @param {number} pixels @param {number} channels @param {number} filters */
function filtersFirst(data, pixels, channels, filters) {
  return Float32Array.from(data, (_, index) => {
    const [filter, rest] = [Math.floor(index / (channels * pixels)), index % (channels * pixels)];
    const [channel, pixel] = [Math.floor(rest / pixels), rest % pixels];
    return data[(pixel * channels + channel) * filters + filter] ?? 0;
  });
}

/** @param {{ s: string }} attribute */
function textOf({ s }) {
  return Buffer.from(s, "base64").toString();
}

/** @param {import("./read-graph.mjs").Port} port @param {string} side names its free sizes, but for the batch, which both sides share */
function valueInfo({ tensor, shape }, side) {
  const sizes = shape.map((size, axis) => {
    const free = axis === 0 ? "batch" : `${side}${axis}`;
    return bytes(1, size >= 0 ? integer(1, size) : bytes(2, free));
  });
  const type = message(integer(1, FLOAT), bytes(2, message(...sizes)));
  return message(bytes(1, tensor), bytes(2, message(bytes(1, type))));
}

const TYPE = { int: 2, text: 3, ints: 7 };

/** @param {string} name @param {number} value */
function int(name, value) {
  return message(bytes(1, name), integer(3, value), integer(20, TYPE.int));
}

/** @param {string} name @param {string} value */
function text(name, value) {
  return message(bytes(1, name), bytes(4, value), integer(20, TYPE.text));
}

/** @param {string} name @param {readonly number[]} values */
function ints(name, values) {
  return message(bytes(1, name), ...values.map((value) => integer(8, value)), integer(20, TYPE.ints));
}
