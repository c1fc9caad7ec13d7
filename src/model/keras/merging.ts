import { asNumber } from "../artifacts.js";
import { broadcastSizes, Composer } from "./composer.js";
import type { EmitLayer } from "./emit-layer.js";
import { attrs, type Emitter, FLOAT, requireFloat, type Symbolic, toFloat, Untranslatable } from "./emitter.js";
import { show } from "../malformed.js";
import type { LayerConfig } from "./layer-config.js";
import { toUnitLength } from "./normalisation.js";

/** Add, Multiply, Maximum, Minimum, Subtract. Inputs are merged pair by pair, as in Keras. */
export function emitPairwise(op: "AddV2" | "Mul" | "Maximum" | "Minimum" | "Sub"): EmitLayer {
  return (emitter, _, inputs, name) => {
    if (op === "Sub" && inputs.length !== 2) throw new Untranslatable(`a difference of ${inputs.length} inputs`);
    const isMasked = emitter.kerasMajor === 3 && inputs.some(({ mask }) => mask !== undefined);
    if (isMasked && op === "Mul") return maskedProduct(new Composer(emitter, name), inputs);
    if (isMasked && (op === "Maximum" || op === "Minimum"))
      return maskedExtreme(new Composer(emitter, name), inputs, op);
    return chain(emitter, name, inputs, op);
  };
}

/** A mask with an axis for the features. @throws Untranslatable if it isn't one for each vector of its input. */
function maskOver(composer: Composer, { mask, shape }: Symbolic): Symbolic | undefined {
  if (mask === undefined) return undefined;
  if (mask.shape.length !== shape.length - 1) throw new Untranslatable(`a mask of rank ${mask.shape.length}`);
  return composer.expand(mask, mask.shape.length);
}

/** Keras 3 multiplies what is masked by 1, and gives 0 where all inputs are masked. */
function maskedProduct(composer: Composer, inputs: readonly Symbolic[]): Symbolic {
  const masks = inputs.map((x) => maskOver(composer, x));
  const factors = inputs.map((x, index) =>
    masks[index] === undefined ? x : composer.select(masks[index], x, composer.literal([1], [], x.dtype)),
  );
  const product = factors.reduce((all, factor) => composer.mul(all, factor));
  if (masks.includes(undefined)) return composer.named(product);
  const isKept = masks.reduce((all, mask) => composer.binary("LogicalOr", all!, mask!))!;
  return composer.named(composer.select(isKept, product, composer.literal([0], [], product.dtype)));
}

/** Keras 3 replaces what is masked in one input by the other, input after input. */
function maskedExtreme(composer: Composer, inputs: readonly Symbolic[], op: "Maximum" | "Minimum"): Symbolic {
  let [output] = inputs as [Symbolic];
  let kept = maskOver(composer, output);
  for (const given of inputs.slice(1)) {
    const mask = maskOver(composer, given);
    const x = mask === undefined ? given : composer.select(mask, given, output);
    if (kept !== undefined) output = composer.select(kept, output, x);
    kept = mask !== undefined && kept !== undefined ? composer.binary("LogicalOr", kept, mask) : undefined;
    output = composer.binary(op, output, x);
  }
  return composer.named(output);
}

export const emitAverage: EmitLayer = (emitter, _, inputs, name) => {
  const sum = chain(
    emitter,
    `${name}/sum`,
    inputs.map((each) => toFloat(emitter, name, each)),
    "AddV2",
  );
  const scale = emitter.float32(`${name}/scale`, [1 / inputs.length], []);
  return { ...sum, reference: emitter.node(name, "Mul", [scale, sum.reference], FLOAT) };
};

function chain(emitter: Emitter, name: string, given: readonly Symbolic[], op: string): Symbolic {
  if (given.length < 2) throw new Untranslatable("a merge of a single input");
  const inputs = alike(emitter, name, given);
  const rank = Math.max(...inputs.map(({ shape }) => shape.length));
  const [first, ...others] = inputs.map((input, index) => widen(emitter, `${name}/input_${index}`, input, rank));
  let merged = first!;
  for (const [index, other] of others.entries()) {
    const last = index === others.length - 1 ? name : `${name}/${op}_${index}`;
    const attr = merged.dtype === "float32" ? FLOAT : { T: { type: "DT_INT32" } };
    const reference = emitter.node(last, op, [merged.reference, other.reference], attr);
    merged = { ...merged, reference, shape: broadcastSizes(merged.shape, other.shape) };
  }
  return merged;
}

/** Inputs of one dtype: Keras 3 computes with floats if one of them is, Keras 2 merges no different dtypes. */
function alike(emitter: Emitter, name: string, inputs: readonly Symbolic[]): Symbolic[] {
  const isMixed = new Set(inputs.map(({ dtype }) => dtype)).size > 1;
  const hasText = inputs.some(({ dtype }) => dtype === "string" || dtype === "bool");
  if (hasText || (isMixed && emitter.kerasMajor === 2)) throw new Untranslatable("a merge of these dtypes");
  return isMixed ? inputs.map((each, index) => toFloat(emitter, `${name}/float_${index}`, each)) : [...inputs];
}

/** Add axes of size 1 right after the batch, where Keras adds them, until the rank is `rank`. */
function widen(emitter: Emitter, name: string, x: Symbolic, rank: number): Symbolic {
  let wide = x;
  for (let count = x.shape.length; count < rank; count++) {
    const axis = emitter.int32(`${name}/axis_${count}`, [1], []);
    const reference = emitter.node(`${name}/wide_${count}`, "ExpandDims", [wide.reference, axis], FLOAT);
    wide = { ...wide, reference, shape: [wide.shape[0], 1, ...wide.shape.slice(1)] };
  }
  return wide;
}

export const emitConcatenate: EmitLayer = (emitter, layer, given, name) => {
  const isText = given.every(({ dtype }) => dtype === "string" || dtype === "bool");
  const inputs = isText ? given : alike(emitter, name, given);
  const [first] = inputs;
  const rank = first!.shape.length;
  const asked = layer.number("axis", -1);
  const axis = asked < 0 ? asked + rank : asked;
  const isAlike = inputs.every(
    ({ shape, dtype }) =>
      dtype === first!.dtype &&
      shape.length === rank &&
      shape.every((size, each) => each === axis || size === first!.shape[each] || size === undefined),
  );
  if (!isAlike || !(Number.isInteger(axis) && axis > 0 && axis < rank)) {
    throw new Untranslatable("a concatenation of different shapes");
  }
  if (inputs.length === 1) return first!;
  const sizes = inputs.map(({ shape }) => shape[axis]);
  const size = sizes.reduce((sum, each) => (sum === undefined || each === undefined ? undefined : sum + each), 0);
  const references = [...inputs.map(({ reference }) => reference), emitter.int32(`${name}/axis`, [axis], [])];
  const reference = emitter.node(name, "ConcatV2", references, { ...FLOAT, N: attrs.int(inputs.length) });
  return { ...first!, reference, shape: first!.shape.map((each, index) => (index === axis ? size : each)) };
};

/** Products of two tensors along one axis of each, item by item. */
export const emitDot: EmitLayer = (emitter, layer, inputs, name) => {
  const [givenX, givenY] = inputs;
  if (givenX === undefined || givenY === undefined || inputs.length !== 2)
    throw new Untranslatable(`${inputs.length} inputs`);
  const ranks = [requireFloat(givenX).shape.length, requireFloat(givenY).shape.length];
  if (Math.min(...ranks) < 2) throw new Untranslatable("an input of rank 1");
  const [axisX, axisY] = dotAxes(layer, ranks);
  const composer = new Composer(emitter, name);
  const isNormalised = layer.boolean("normalize", false);
  const epsilon = emitter.kerasMajor === 2 ? 1e-12 : 1e-7;
  const unit = (x: Symbolic, axis: number): Symbolic => (isNormalised ? toUnitLength(composer, x, [axis], epsilon) : x);
  const [x, y] = [unit(givenX, axisX), unit(givenY, axisY)];
  if (x.shape.length === 2 && y.shape.length === 2) {
    return composer.named(composer.reduce("Sum", composer.mul(x, y), [1], true));
  }
  if (x.shape.length === 3 && y.shape.length === 3) {
    return composer.named(composer.matmul(x, y, { adjointA: axisX === 1, adjointB: axisY === 2 }));
  }
  // Bring the summed axis to the end of x and after the batch of y, and multiply matrices.
  const last = x.shape.map((_, axis) => axis).filter((axis) => axis !== axisX);
  const rest = y.shape.map((_, axis) => axis).filter((axis) => axis !== axisY);
  const ofX = composer.transpose(x, [...last, axisX]);
  const ofY = composer.transpose(y, [0, axisY, ...rest.slice(1)]);
  const batch = { of: x, axis: 0 };
  const rows = composer.reshape(ofX, [batch, "rest", { of: x, axis: axisX }]);
  const columns = composer.reshape(ofY, [batch, { of: y, axis: axisY }, "rest"]);
  const product = composer.matmul(rows, columns);
  const sizes = [...last.map((axis) => ({ of: x, axis })), ...rest.slice(1).map((axis) => ({ of: y, axis }))];
  return composer.named(composer.reshape(product, sizes));
};

function dotAxes({ config }: LayerConfig, ranks: readonly number[]): [number, number] {
  const given: unknown[] = Array.isArray(config.axes) ? config.axes : [config.axes, config.axes];
  const axes = given.map((axis, index) => (asNumber(axis) < 0 ? asNumber(axis) + ranks[index]! : asNumber(axis)));
  const [x, y] = axes;
  const isFitting = axes.every((axis, index) => Number.isInteger(axis) && axis > 0 && axis < ranks[index]!);
  if (axes.length !== 2 || !isFitting) throw new Untranslatable(`axes ${show(config.axes, 40)}`);
  return [x!, y!];
}
