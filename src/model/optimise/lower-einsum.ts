import { asJsonObject, type JsonObject } from "../artifacts.js";
import type { Graph, GraphNode } from "../graph/graph.js";
import { textOf } from "./attributes.js";
import type { Constants } from "./constants.js";
import { axesToSum, parseEquation, planProduct, type Equation, type Label } from "./einsum-equation.js";
import { GraphWriter } from "./graph-writer.js";
import type { OptimizationReport } from "./optimization-report.js";

const FLOAT: JsonObject = { T: { type: "DT_FLOAT" } };
const INT32: JsonObject = { T: { type: "DT_INT32" } };

interface Lowering {
  readonly graph: Graph;
  readonly count: number;
  readonly notDone: OptimizationReport["notDone"];
}

/**
 * Rewrite einsums of one or two tensors as sums, transpositions, reshapes and a matrix product. TF.js's WASM backend has no Einsum
 * kernel, and the other backends multiply every element with every other before they sum. The same products are summed, in another
 * order. Sizes that the file doesn't state are read from the tensors during the run.
 */
export function lowerEinsum(graph: Graph, constants: Constants): Lowering {
  const writer = new GraphWriter(graph);
  const notDone: { what: string; reason: string }[] = [];
  let count = 0;
  const nodes = graph.nodes.flatMap((node) => {
    if (node.op !== "Einsum") return [node];
    const lowered = new Einsum(node, writer, constants).lower();
    if (typeof lowered === "string") {
      notDone.push({ what: `einsum "${node.name}"`, reason: lowered });
      return [node];
    }
    count++;
    return lowered;
  });
  return { graph: { ...graph, nodes, weights: writer.weights }, count, notDone };
}

interface Operand {
  readonly index: number;
  readonly reference: string;
  readonly labels: readonly Label[];
}

function permutationOf(from: readonly Label[], to: readonly Label[]): number[] {
  return to.map((label) => from.indexOf(label));
}

/** Rewrites one einsum as other nodes. */
class Einsum {
  readonly #node: GraphNode;
  readonly #writer: GraphWriter;
  readonly #constants: Constants;
  readonly #nodes: GraphNode[] = [];
  readonly #sizes = new Map<Label, number>();
  /** The operand and axis from which to read a size that is not known. */
  readonly #sources = new Map<Label, { operand: number; axis: number }>();
  readonly #shapes = new Map<number, string>();

  constructor(node: GraphNode, writer: GraphWriter, constants: Constants) {
    this.#node = node;
    this.#writer = writer;
    this.#constants = constants;
  }

  /** @returns the new nodes, or the reason why there are none. */
  lower(): GraphNode[] | string {
    const { attr, input } = this.#node;
    const { type = "DT_FLOAT" } = asJsonObject(attr.T);
    if (type !== "DT_FLOAT") return `it multiplies tensors of ${JSON.stringify(type).slice(0, 40)}`;
    if (input.some((each) => each.startsWith("^"))) return "it has control inputs";
    const equation = parseEquation(textOf(attr.equation, ""));
    if (typeof equation === "string") return equation;
    const { operands, output } = equation;
    if (input.length !== operands.length) return `it has ${input.length} inputs for ${operands.length} operands`;
    if (!this.#readSizes(operands)) return "its weights don't have the rank that its equation states";
    const summed = operands.map((labels, index) => this.#sum(index, labels, axesToSum(equation, index)));
    const [a, b] = summed;
    if (a === undefined || summed.length > 2) return `it has ${summed.length} operands, and a matrix product takes two`;
    if (b === undefined) {
      this.#transpose(a.reference, permutationOf(a.labels, output), "");
      return this.#nodes;
    }
    return this.#multiply([a, b], output) ? this.#nodes : "too many of its sizes are unknown before the run";
  }

  /** @returns false if weights don't have the rank that the equation states. */
  #readSizes(operands: Equation["operands"]): boolean {
    return operands.every((labels, operand) => {
      const shape = this.#constants.get(this.#node.input[operand])?.shape;
      for (const [axis, label] of labels.entries()) {
        if (shape === undefined) this.#sources.set(label, { operand, axis });
        else this.#sizes.set(label, shape[axis]!);
      }
      return shape === undefined || shape.length === labels.length;
    });
  }

  #sum(index: number, labels: readonly Label[], axes: readonly number[]): Operand {
    const reference = this.#node.input[index]!;
    if (axes.length === 0) return { index, reference, labels };
    const suffix = `operand_${index}/sum`;
    const attr = { ...FLOAT, keep_dims: { b: false }, Tidx: { type: "DT_INT32" } };
    const summed = this.#emit(suffix, "Sum", [reference, this.#integers(`${suffix}/axes`, axes)], attr);
    return { index, reference: summed, labels: labels.filter((_, axis) => !axes.includes(axis)) };
  }

  /** @returns false if too many sizes are unknown to reshape an operand or the product. */
  #multiply([a, b]: readonly [Operand, Operand], output: readonly Label[]): boolean {
    const { batch, left, contracted, right, isSwapped } = planProduct([a.labels, b.labels], output);
    const isPlain = [left, contracted, right].every(({ length }) => length === 1);
    const groups = isPlain ? batch.map((label) => [label]) : batch.length > 0 ? [batch] : [];
    const [first, second] = isSwapped ? [b, a] : [a, b];
    const ordered = [
      this.#arrange(first, [...groups, left, contracted], isPlain),
      this.#arrange(second, [...groups, contracted, right], isPlain),
    ];
    if (!ordered.every((each) => each !== undefined)) return false;
    const natural = [...batch, ...left, ...right];
    const permutation = permutationOf(natural, output);
    const isInOrder = permutation.every((from, to) => from === to);
    const product = this.#product(ordered, groups.length > 0, isPlain && isInOrder);
    if (isPlain && isInOrder) return true;
    const axes = natural.map((label) => [label]);
    const split = isPlain ? product : this.#reshape(product, axes, isInOrder ? "" : "split");
    if (split === undefined) return false;
    if (!isInOrder) this.#transpose(split, permutation, "");
    return true;
  }

  /** Transpose and reshape an operand to one axis for each group of axes, in the order of the groups. */
  #arrange(
    { index, reference, labels }: Operand,
    groups: readonly (readonly Label[])[],
    isPlain: boolean,
  ): string | undefined {
    const permutation = permutationOf(labels, groups.flat());
    const isInOrder = permutation.every((from, to) => from === to);
    const ordered = isInOrder ? reference : this.#transpose(reference, permutation, `operand_${index}/ordered`);
    return isPlain ? ordered : this.#reshape(ordered, groups, `operand_${index}`);
  }

  #product(inputs: readonly string[], isBatched: boolean, isLast: boolean): string {
    const attr = isBatched
      ? { ...FLOAT, adj_x: { b: false }, adj_y: { b: false } }
      : { ...FLOAT, transpose_a: { b: false }, transpose_b: { b: false } };
    return this.#emit(isLast ? "" : "product", isBatched ? "BatchMatMulV2" : "MatMul", inputs, attr);
  }

  #transpose(x: string, permutation: readonly number[], suffix: string): string {
    const perm = this.#integers(`${suffix || "output"}/axes`, permutation);
    return this.#emit(suffix, "Transpose", [x, perm], { ...FLOAT, Tperm: { type: "DT_INT32" } });
  }

  /** Reshape to one axis for each group of axes. Returns `undefined` if two groups of several axes have unknown sizes. */
  #reshape(x: string, groups: readonly (readonly Label[])[], suffix: string): string | undefined {
    const sizes = groups.map((labels) =>
      labels.reduce<number | undefined>((product, label) => {
        const size = this.#sizes.get(label);
        return product === undefined || size === undefined ? undefined : product * size;
      }, 1),
    );
    const unknown = groups.filter((_, index) => sizes[index] === undefined);
    // TF.js can compute one unknown size (-1). The others must be the size of a single axis of an operand.
    const open = unknown.find(({ length }) => length > 1) ?? unknown[0];
    if (unknown.some((group) => group !== open && group.length > 1)) return undefined;
    const parts = groups.map((group, index): number | Label => (group === open ? -1 : (sizes[index] ?? group[0]!)));
    const shape = this.#shapeVector(parts, suffix || "output");
    return this.#emit(suffix, "Reshape", [x, shape], { ...FLOAT, Tshape: { type: "DT_INT32" } });
  }

  /** Emit sizes as a tensor. Those given as labels are read during the run. */
  #shapeVector(parts: readonly (number | Label)[], suffix: string): string {
    const isNumber = (part: number | Label): part is number => typeof part === "number";
    if (parts.every(isNumber)) return this.#integers(`${suffix}/shape`, parts);
    const pieces = parts.map((part, index) =>
      isNumber(part)
        ? this.#integers(`${suffix}/size_${index}`, [part])
        : this.#sizeOf(part, `${suffix}/size_${index}`),
    );
    const axis = this.#writer.constant(`${this.#node.name}/${suffix}/axis`, "int32", [], {
      op: "literal",
      tensor: { shape: [], values: [0] },
    });
    this.#nodes.push(axis);
    const attr = { ...INT32, N: { i: String(pieces.length) }, Tidx: { type: "DT_INT32" } };
    return this.#emit(`${suffix}/shape`, "ConcatV2", [...pieces, axis.name], attr);
  }

  #sizeOf(label: Label, suffix: string): string {
    const { operand, axis } = this.#sources.get(label)!;
    let shape = this.#shapes.get(operand);
    if (shape === undefined) {
      const attr = { ...FLOAT, out_type: { type: "DT_INT32" } };
      shape = this.#emit(`operand_${operand}/shape`, "Shape", [this.#node.input[operand]!], attr);
      this.#shapes.set(operand, shape);
    }
    const [begin, size] = [this.#integers(`${suffix}/begin`, [axis]), this.#integers(`${suffix}/count`, [1])];
    return this.#emit(suffix, "Slice", [shape, begin, size], { ...INT32, Index: { type: "DT_INT32" } });
  }

  #integers(suffix: string, values: readonly number[]): string {
    const node = this.#writer.integers(`${this.#node.name}/${suffix}`, values);
    this.#nodes.push(node);
    return node.name;
  }

  /** @param suffix "" for the node that takes the einsum's place. */
  #emit(suffix: string, op: string, input: readonly string[], attr: JsonObject): string {
    const { name } = this.#node;
    const node = suffix === "" ? { name, op, input, attr } : this.#writer.node(`${name}/${suffix}`, op, input, attr);
    this.#nodes.push(node);
    return node.name;
  }
}
