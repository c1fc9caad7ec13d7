import { emitActivation } from "./activations.js";
import { finish, requireShape, reshapeTo } from "./convolutions.js";
import type { EmitLayer } from "./emit-layer.js";
import { attrs, FLOAT, knownSizes, toFloat, Untranslatable } from "./emitter.js";
import { einsum } from "./free-sizes.js";
import { parseEquation } from "../optimise/einsum-equation.js";

export const emitDense: EmitLayer = (emitter, layer, [given], name) => {
  const units = layer.number("units");
  const x = toFloat(emitter, name, given!);
  if (x.shape.length < 2) throw new Untranslatable("an input of rank 1");
  const inputSize = x.shape.at(-1);
  const kernel = emitter.stored(layer.name, "kernel");
  requireShape(kernel, [inputSize, units]);
  const weight = emitter.constant(`${layer.name}/kernel`, kernel);
  const rank = x.shape.length;
  if (x.shape.slice(1).includes(undefined)) {
    const reference = einsum(emitter, `${name}/Einsum`, x.reference, weight, { free: rank - 1, summed: 1, added: 1 });
    return finish(emitter, layer, name, { ...x, reference, shape: [...x.shape.slice(0, -1), units] });
  }
  const attr = { ...FLOAT, transpose_a: attrs.bool(false), transpose_b: attrs.bool(false) };
  const isFlat = rank === 2;
  const rows = isFlat ? x.reference : reshapeTo(emitter, `${name}/rows`, x.reference, [-1, inputSize!]);
  const product = emitter.node(`${name}/MatMul`, "MatMul", [rows, weight], attr);
  if (isFlat) return finish(emitter, layer, name, { ...x, reference: product, shape: [x.shape[0], units] });
  const between = knownSizes(x.shape.slice(0, -1));
  const shape = [x.shape[0], ...between, units];
  const folded = reshapeTo(emitter, `${name}/folded`, product, [-1, ...between, units]);
  return finish(emitter, layer, name, { ...x, reference: folded, shape });
};

/** Emits an Einsum node; the optimiser turns it into a matrix product. */
export const emitEinsumDense: EmitLayer = (emitter, layer, [given], name) => {
  const x = toFloat(emitter, name, given!);
  const kernel = emitter.stored(layer.name, "kernel");
  const text = spellOut(layer.string("equation"), x.shape.length, kernel.shape.length);
  const equation = parseEquation(text);
  if (typeof equation === "string") throw new Untranslatable(equation);
  const operands = [x.shape, kernel.shape];
  const sizes = new Map<string, number | undefined>();
  for (const [index, labels] of equation.operands.entries()) {
    if (operands[index]?.length !== labels.length)
      throw new Untranslatable(`equation "${text}", whose ranks are not those of its operands`);
    for (const [axis, label] of labels.entries()) sizes.set(label, sizes.get(label) ?? operands[index][axis]);
  }
  if (equation.operands.length !== 2 || equation.output[0] !== equation.operands[0]![0]) {
    throw new Untranslatable(`equation "${text}", which does not keep the batch first`);
  }
  const inputs = [x.reference, emitter.constant(`${layer.name}/kernel`, kernel)];
  const attr = { ...FLOAT, equation: attrs.string(text), N: attrs.int(2) };
  let reference = emitter.node(`${name}/Einsum`, "Einsum", inputs, attr);
  if (layer.config.bias_axes !== undefined && layer.config.bias_axes !== null) {
    const bias = emitter.constant(`${layer.name}/bias`, emitter.stored(layer.name, "bias"));
    reference = emitter.node(`${name}/AddV2`, "AddV2", [reference, bias], FLOAT);
  }
  const shape = equation.output.map((label, axis) => (axis === 0 ? x.shape[0] : sizes.get(label)));
  return emitActivation(emitter, name, { ...x, reference, shape }, layer.config.activation);
};

/** Replace the ellipsis of an equation, at the start or the end of its labels, by labels of its own. */
function spellOut(equation: string, rank: number, kernelRank: number): string {
  const text = equation.replaceAll(" ", "");
  if (!text.includes("...")) return text;
  const [ofX, ofKernel] = text.split("->")[0]!.split(",") as [string, string];
  const counts = [rank - ofX.replace("...", "").length, kernelRank - (ofKernel ?? "").replace("...", "").length];
  const count = ofX.includes("...") ? counts[0]! : counts[1]!;
  const free = "zyxwvutsrqponmlkjihgfedcba".split("").filter((letter) => !text.includes(letter));
  if (count < 0 || count > free.length) throw new Untranslatable(`equation "${equation.slice(0, 60)}"`);
  return text.replaceAll("...", free.slice(0, count).join(""));
}
