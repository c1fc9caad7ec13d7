import { asNumber } from "../../artifacts.js";
import { elementCountOf } from "../../../protocol/tensors.js";
import { attrs, type Symbolic, Untranslatable } from "../emitter.js";
import type { Composer } from "../composer.js";
import {
  cast,
  countedAxis,
  define,
  type EmitFunction,
  fixed,
  type FunctionCall,
  type KerasFunction,
} from "./function-call.js";

function floats(call: FunctionCall, ...names: readonly string[]): Symbolic[] {
  return names.map((name) => cast(call.composer, call.tensor(name, "float32"), "float32"));
}

/** Products of matrices; a vector counts as a row on the left and as a column on the right. */
const matmul: EmitFunction = (call) => {
  const { composer } = call;
  call.refuse("adjoint_a", "adjoint_b", "a_is_sparse", "b_is_sparse", "output_type");
  const [a, b] = floats(call, "x1", "x2") as [Symbolic, Symbolic];
  const [isRow, isColumn] = [a.shape.length === 1, b.shape.length === 1];
  const rows = isRow ? composer.expand(a, 0) : a;
  const columns = isColumn ? composer.expand(b, 1) : b;
  const [adjointA, adjointB] = [call.boolean("transpose_a", false), call.boolean("transpose_b", false)];
  let result = composer.matmul(rows, columns, { adjointA, adjointB });
  if (isColumn) result = composer.squeeze(result, result.shape.length - 1);
  return isRow ? composer.squeeze(result, result.shape.length - (isColumn ? 1 : 2)) : result;
};

/** Sum products over axes of both. `axes`: how many last axes of the first meet first axes of the second, or lists of them. */
function tensordot(composer: Composer, a: Symbolic, b: Symbolic, axes: readonly [number[], number[]]): Symbolic {
  const [ofA, ofB] = axes;
  const freeA = a.shape.flatMap((_, axis) => (ofA.includes(axis) ? [] : [axis]));
  const freeB = b.shape.flatMap((_, axis) => (ofB.includes(axis) ? [] : [axis]));
  const inner = elementCountOf(fixed(ofA.map((axis) => a.shape[axis])));
  const columns = elementCountOf(fixed(freeB.map((axis) => b.shape[axis])));
  const left = composer.reshape(composer.transpose(a, [...freeA, ...ofA]), ["rest", inner]);
  const right = composer.reshape(composer.transpose(b, [...ofB, ...freeB]), [inner, columns]);
  const product = composer.op(
    "MatMul",
    [left, right],
    { shape: [left.shape[0], columns] },
    { transpose_a: attrs.bool(false), transpose_b: attrs.bool(false) },
  );
  const sizes = [
    ...freeA.map((axis) => a.shape[axis] ?? { of: a, axis }),
    ...freeB.map((axis) => b.shape[axis] ?? { of: b, axis }),
  ];
  return composer.reshape(product, sizes);
}

const tensordotOf: EmitFunction = (call) => {
  const [a, b] = floats(call, "x1", "x2") as [Symbolic, Symbolic];
  const given = call.value("axes") ?? 2;
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  if (typeof given === "number") {
    const count = Array.from({ length: given }, (_, index) => index);
    return tensordot(call.composer, a, b, [count.map((index) => rankA - given + index), count]);
  }
  const [first, second]: unknown[] = Array.isArray(given) ? given : [];
  const list = (value: unknown, rank: number): number[] =>
    (Array.isArray(value) ? value : [value]).map((axis) => countedAxis(asNumber(axis), rank));
  return tensordot(call.composer, a, b, [list(first, rankA), list(second, rankB)]);
};

/** numpy's dot: the last axis of the first with the last but one of the second. */
const dot: EmitFunction = (call) => {
  const [a, b] = floats(call, "x1", "x2") as [Symbolic, Symbolic];
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  if (rankA === 0 || rankB === 0) return call.composer.mul(a, b);
  return tensordot(call.composer, a, b, [[rankA - 1], [Math.max(rankB - 2, 0)]]);
};

const einsum: EmitFunction = (call) => {
  const { composer } = call;
  const operands = call.tensors("operands").map((each) => cast(composer, each, "float32"));
  const given = call.string("subscripts").replaceAll(" ", "");
  if (given.includes("...")) throw new Untranslatable(`equation ${given}`);
  const [inputs, explicit] = given.split("->") as [string, string | undefined];
  const letters = Array.from(inputs.replaceAll(",", ""));
  // Without an arrow, the labels that occur once are kept, in their order in the alphabet.
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter));
  const equation = `${inputs}->${explicit ?? once.toSorted().join("")}`;
  const labels = inputs.split(",");
  if (labels.length !== operands.length || operands.length > 2) throw new Untranslatable(`equation ${given}`);
  if (operands.length === 2) return composer.einsum(equation, operands[0]!, operands[1]!);
  const sizes = new Map(Array.from(labels[0]!).map((label, axis) => [label, operands[0]!.shape[axis]]));
  const shape = Array.from(equation.split("->")[1]!).map((label) => sizes.get(label));
  return composer.op("Einsum", operands, { shape }, { equation: attrs.string(equation), N: attrs.int(1) });
};

const outer: EmitFunction = (call) => {
  const { composer } = call;
  const [a, b] = floats(call, "x1", "x2").map((each) => composer.reshape(each, ["rest"])) as [Symbolic, Symbolic];
  return composer.mul(composer.expand(a, 1), composer.expand(b, 0));
};

/** Functions that multiply and add. */
export const PRODUCTS: readonly (readonly [name: string, KerasFunction])[] = [
  ["matmul", define("x1 x2", matmul)],
  [
    "matmul_tf",
    define("x1 x2 transpose_a transpose_b adjoint_a adjoint_b a_is_sparse b_is_sparse output_type", matmul),
  ],
  ["tensordot", define("x1 x2 axes", tensordotOf)],
  ["dot", define("x1 x2", dot)],
  ["einsum", define("subscripts operands", einsum)],
  ["outer", define("x1 x2", outer)],
];
