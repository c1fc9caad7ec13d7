import { attrs, type Emitter, FLOAT, type Symbolic, Untranslatable } from "./emitter.js";
import type { EmitLayer } from "./convolutions.js";

/** Add, Multiply, Maximum, Minimum, Subtract: pair by pair, as TF.js's layers do. */
export function emitPairwise(op: "AddV2" | "Mul" | "Maximum" | "Minimum" | "Sub"): EmitLayer {
  return (emitter, _, inputs, name) => chain(emitter, name, inputs, op);
}

export const emitAverage: EmitLayer = (emitter, _, inputs, name) => {
  const sum = chain(emitter, `${name}/sum`, inputs, "AddV2");
  const scale = emitter.float32(`${name}/scale`, [1 / inputs.length], []);
  return { ...sum, reference: emitter.node(name, "Mul", [scale, sum.reference], FLOAT) };
};

function chain(emitter: Emitter, name: string, inputs: readonly Symbolic[], op: string): Symbolic {
  requireAlike(inputs);
  const [first, ...others] = inputs;
  let reference = first!.reference;
  for (const [index, other] of others.entries()) {
    const isLast = index === others.length - 1;
    reference = emitter.node(isLast ? name : `${name}/${op}_${index}`, op, [reference, other.reference], FLOAT);
  }
  return { ...first!, reference };
}

/** Keras also stretches axes here, in its own way: left to TF.js. */
function requireAlike(inputs: readonly Symbolic[]): void {
  const [first] = inputs;
  const isAlike = inputs.every(
    ({ shape, dtype }) =>
      dtype === "float32" &&
      shape.length === first!.shape.length &&
      shape.every((size, axis) => axis === 0 || (size !== undefined && size === first!.shape[axis])),
  );
  if (inputs.length < 2 || !isAlike) throw new Untranslatable("a merge of different shapes");
}

export const emitConcatenate: EmitLayer = (emitter, layer, inputs, name) => {
  const [first] = inputs;
  const rank = first!.shape.length;
  const given = layer.number("axis", -1);
  const axis = given < 0 ? given + rank : given;
  const isAlike = inputs.every(
    ({ shape, dtype }) =>
      dtype === "float32" &&
      shape.length === rank &&
      shape.every((size, each) => each === axis || size === first!.shape[each]),
  );
  if (inputs.length < 2 || !isAlike || !(Number.isInteger(axis) && axis > 0 && axis < rank)) {
    throw new Untranslatable("a concatenation of different shapes");
  }
  const sizes = inputs.map(({ shape }) => shape[axis]);
  const size = sizes.reduce((sum, each) => (sum === undefined || each === undefined ? undefined : sum + each), 0);
  const references = [...inputs.map(({ reference }) => reference), emitter.int32(`${name}/axis`, [axis], [])];
  const reference = emitter.node(name, "ConcatV2", references, { ...FLOAT, N: attrs.int(inputs.length) });
  return { ...first!, reference, shape: first!.shape.map((each, index) => (index === axis ? size : each)) };
};
