// Reads the bundled model into steps that any runtime has: what TF.js fuses is taken apart again.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** @typedef {{ kind: "constant", name: string, shape: number[], dtype: "float32" | "int32", data: Float32Array | Int32Array }} Constant */
/** @typedef {{ kind: "step", name: string, op: string, inputs: string[], attr: Record<string, any> }} Step attr: as model.json has it */
/** @typedef {{ name: string, tensor: string, shape: number[] }} Port of 32-bit floats; -1 where a size is free; name: for people */
/** @typedef {{ inputs: Port[], outputs: Port[], nodes: (Constant | Step)[] }} PlainGraph nodes: in the order they are computed in */

const PLAIN = new Set(["AddV2", "BiasAdd", "Conv2D", "DepthToSpace", "Maximum", "MirrorPad", "Minimum", "Relu"]);

/**
 * Read a graph model of TF.js.
 * @param {string} path of its model.json
 * @returns {PlainGraph} of AddV2, BiasAdd, Conv2D, DepthToSpace, Maximum, MirrorPad, Minimum and Relu, in NHWC
 * @throws Error naming the node or the weight that is none of these
 */
export function readGraph(path) {
  const model = JSON.parse(readFileSync(path, "utf8"));
  const constants = readWeights(model.weightsManifest, dirname(path));
  const fed = new Set(Object.values(model.signature.inputs).map((/** @type {any} */ { name }) => nodeOf(name)));
  /** @type {(Constant | Step)[]} */
  const nodes = [];
  for (const node of model.modelTopology.node) {
    if (fed.has(node.name)) continue;
    const constant = constants.get(node.name);
    if (node.op !== "Const") nodes.push(...takeApart(node));
    else if (constant !== undefined) nodes.push(constant);
    else throw new Error(`Expected a weight for the constant "${node.name}", received none: restore ${path}.`);
  }
  return { inputs: ports(model.signature.inputs), outputs: ports(model.signature.outputs), nodes };
}

/** @param {{ name: string, op: string, input: string[], attr: Record<string, any> }} node @returns {Step[]} */
function takeApart({ name, op, input, attr }) {
  const inputs = input.map(nodeOf);
  /** @type {(own: Pick<Step, "op" | "inputs"> & { name?: string, attr?: Record<string, any> }) => Step} */
  const step = (own) => ({ kind: "step", name, attr, ...own });
  const [first = "", second = "", third = ""] = inputs;
  if (op === "ClipByValue") {
    const low = step({ name: `${name}/low`, op: "Maximum", inputs: [first, second], attr: { T: attr["T"] } });
    return [low, step({ op: "Minimum", inputs: [low.name, third], attr: { T: attr["T"] } })];
  }
  if (op === "_FusedConv2D") {
    const fused = attr["fused_ops"].list.s.map((/** @type {string} */ text) => Buffer.from(text, "base64").toString());
    const { T, data_format, padding, strides, dilations } = attr;
    const product = step({ name: `${name}/product`, op: "Conv2D", inputs: [first, second] });
    product.attr = { T, data_format, padding, strides, dilations };
    const isRelu = fused.length === 2 && fused[1] === "Relu";
    if (fused[0] !== "BiasAdd" || (fused.length > 1 && !isRelu)) throw unknown(`${op} with ${fused.join()}`, name);
    const sum = step({ op: "BiasAdd", inputs: [product.name, third], attr: { T, data_format } });
    if (!isRelu) return [product, sum];
    sum.name = `${name}/sum`;
    return [product, sum, step({ op: "Relu", inputs: [sum.name], attr: { T } })];
  }
  if (!PLAIN.has(op)) throw unknown(op, name);
  return [step({ op, inputs })];
}

/** @param {string} op @param {string} name */
export function unknown(op, name) {
  return new Error(
    `Expected the operations of the bundled model, received ${op} in "${name}": add it to scripts/export.`,
  );
}

/** @param {Record<string, { name: string, tensorShape: { dim: { size: string }[] } }>} signature @returns {Port[]} */
function ports(signature) {
  return Object.entries(signature).map(([name, { name: tensor, tensorShape }]) => {
    return { name, tensor: nodeOf(tensor), shape: tensorShape.dim.map(({ size }) => Number(size)) };
  });
}

/** @param {string} reference "node" or "node:0" */
function nodeOf(reference) {
  return reference.replace(/:0$/, "");
}

/** @param {any[]} manifest @param {string} folder */
function readWeights(manifest, folder) {
  /** @type {Map<string, Constant>} */
  const constants = new Map();
  for (const { paths, weights } of manifest) {
    const bytes = Buffer.concat(paths.map((/** @type {string} */ each) => readFileSync(join(folder, each))));
    let offset = 0;
    for (const { name, shape, dtype, quantization } of weights) {
      if (quantization !== undefined || !["float32", "int32"].includes(dtype))
        throw unknown(`weights of ${dtype}`, name);
      const count = shape.reduce((/** @type {number} */ product, /** @type {number} */ size) => product * size, 1);
      const own = new Uint8Array(bytes.subarray(offset, (offset += count * 4))).buffer;
      if (own.byteLength !== count * 4)
        throw new Error(`Expected ${count * 4} bytes of "${name}", received ${own.byteLength}.`);
      const data = dtype === "float32" ? new Float32Array(own) : new Int32Array(own);
      constants.set(name, { kind: "constant", name, shape, dtype, data });
    }
  }
  return constants;
}
