import {
  broadcastTo,
  einsum as tfjsEinsum,
  getBackend,
  getKernel,
  reshape,
  sum,
  transpose,
  type Tensor as TfTensor,
} from "@tensorflow/tfjs-core";
import type { KernelNode, KernelOp } from "./kernel-node.js";
import { product } from "./matrices.js";
import { flatIndex, mapIndices, stridesOf, take } from "./take.js";

/** A tensor whose axes have names: letters, or "…0", "…1" for those of an ellipsis, counted from its end. */
interface Named {
  readonly tensor: TfTensor;
  readonly labels: readonly string[];
}

/**
 * Einsums of any number of operands, with ellipses and repeated letters, one matrix product for every two operands. Sizes are those of the
 * tensors. TF.js has no kernel for it on WASM, knows no ellipsis, and takes letters in lower case only; what it can run stays with it.
 */
const einsum: KernelOp = (node) => {
  const equation = node.attr.text("equation").replaceAll(" ", "");
  if (isForTfjs(equation, node.tensors)) return tfjsEinsum(equation, ...node.tensors);
  const [left, right] = equation.split("->");
  const sides = left!.split(",");
  if (sides.length !== node.tensors.length) return node.attr.fail(`${sides.length} inputs for "${equation}"`);
  const named = node.tensors.map((tensor, index) =>
    withoutRepeats({ tensor, labels: labelsOf(node, sides[index]!, tensor.rank) }),
  );
  const openAxes = Math.max(...named.map(({ labels }) => labels.filter((label) => label.startsWith("…")).length));
  const output = right === undefined ? implied(named) : expand(right, openAxes);
  if (new Set(output).size !== output.length)
    return node.attr.refuse(`the equation "${equation}", which repeats an axis of its result`);
  const sizes = sizesOf(named);
  let result = named[0]!;
  for (const [index, next] of named.slice(1).entries()) {
    const wanted = new Set([...output, ...named.slice(index + 2).flatMap(({ labels }) => labels)]);
    result = contract(spread(result, sizes), spread(next, sizes), wanted);
  }
  const kept = sumAway(result, new Set(output));
  const order = output.map((label) => kept.labels.indexOf(label));
  return order.some((from) => from < 0)
    ? node.attr.fail(`every axis of the result among its operands, received "${equation}"`)
    : transpose(kept.tensor, order);
};

/**
 * Whether TF.js's own kernel is right: one or two operands of floats, letters in lower case, none of them twice on one side, and no sums
 * but over what both operands have, which TF.js requires.
 */
function isForTfjs(equation: string, tensors: readonly TfTensor[]): boolean {
  const [a, b, output] = /^([a-z]+)(?:,([a-z]+))?->([a-z]*)$/.exec(equation)?.slice(1) ?? [];
  if (a === undefined || output === undefined || getKernel("Einsum", getBackend()) === undefined) return false;
  const others = b ?? a;
  const isDistinct = [a, others, output].every((side) => new Set(side).size === side.length);
  const isSummed = (letter: string): boolean => !output.includes(letter);
  const sums = Array.from(a + others).filter(isSummed);
  const isPlain =
    b === undefined ? sums.length === 0 : sums.every((letter) => a.includes(letter) && b.includes(letter));
  return isDistinct && isPlain && tensors.every(({ dtype }) => dtype === "float32");
}

function labelsOf(node: KernelNode, side: string, rank: number): string[] {
  const labels = expand(side, rank - side.replace("...", "").length);
  return labels.length === rank
    ? labels
    : node.attr.fail(`an operand of ${labels.length} axes for "${side}", received ${rank}`);
}

function expand(side: string, openAxes: number): string[] {
  const open = Array.from({ length: Math.max(0, openAxes) }, (_, index) => `…${openAxes - 1 - index}`);
  const [before, after] = side.split("...");
  return after === undefined ? before!.split("") : [...before!.split(""), ...open, ...after.split("")];
}

/** Without an arrow, the result has the letters that occur once, in alphabetical order, behind the ellipsis. */
function implied(named: readonly Named[]): string[] {
  const all = named.flatMap(({ labels }) => labels);
  const open = [...new Set(all.filter((label) => label.startsWith("…")))];
  const once = all.filter((label) => !label.startsWith("…") && all.indexOf(label) === all.lastIndexOf(label));
  return [...open.toSorted((a, b) => Number(b.slice(1)) - Number(a.slice(1))), ...once.toSorted()];
}

/** Take the diagonal over axes of the same name. */
function withoutRepeats({ tensor, labels }: Named): Named {
  const distinct = [...new Set(labels)];
  if (distinct.length === labels.length) return { tensor, labels };
  const shape = distinct.map((label) => tensor.shape[labels.indexOf(label)]!);
  const strides = stridesOf(tensor.shape);
  const joined = distinct.map((label) =>
    labels.reduce((total, each, axis) => total + (each === label ? strides[axis]! : 0), 0),
  );
  return {
    tensor: take(
      tensor,
      shape,
      mapIndices(shape, (place) => flatIndex(place, joined)),
    ),
    labels: distinct,
  };
}

function sizesOf(named: readonly Named[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { tensor, labels } of named) {
    for (const [axis, label] of labels.entries())
      sizes.set(label, Math.max(sizes.get(label) ?? 1, tensor.shape[axis]!));
  }
  return sizes;
}

/** Broadcast the axes of an ellipsis. */
function spread({ tensor, labels }: Named, sizes: ReadonlyMap<string, number>): Named {
  const shape = labels.map((label) => sizes.get(label)!);
  const fits = shape.every((size, axis) => size === tensor.shape[axis]);
  return { tensor: fits ? tensor : broadcastTo(tensor, shape), labels };
}

function sumAway({ tensor, labels }: Named, wanted: ReadonlySet<string>): Named {
  const axes = labels.flatMap((label, axis) => (wanted.has(label) ? [] : [axis]));
  if (axes.length === 0) return { tensor, labels };
  return { tensor: sum(tensor, axes), labels: labels.filter((label) => wanted.has(label)) };
}

/** @param wanted the axes that the result or a later operand needs. */
function contract(first: Named, second: Named, wanted: ReadonlySet<string>): Named {
  const a = sumAway(first, new Set([...wanted, ...second.labels]));
  const b = sumAway(second, new Set([...wanted, ...first.labels]));
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => wanted.has(label));
  const contracted = shared.filter((label) => !wanted.has(label));
  const left = a.labels.filter((label) => !shared.includes(label));
  const right = b.labels.filter((label) => !shared.includes(label));
  const sizes = sizesOf([a, b]);
  const count = (labels: readonly string[]): number => labels.reduce((size, label) => size * sizes.get(label)!, 1);
  const arrange = ({ tensor, labels }: Named, ...groups: readonly string[][]): TfTensor => {
    const ordered = transpose(
      tensor,
      groups.flat().map((label) => labels.indexOf(label)),
    );
    return reshape(ordered, groups.map(count));
  };
  const result = product(arrange(a, batch, left, contracted), arrange(b, batch, contracted, right), false, false);
  const labels = [...batch, ...left, ...right];
  return {
    tensor: reshape(
      result,
      labels.map((label) => sizes.get(label)!),
    ),
    labels,
  };
}

export const EINSUM_OPS: Readonly<Record<string, KernelOp>> = { Einsum: einsum };
