import type { PlainNode, PlainOp } from "./plain-node.js";
import { floats, ints, type PlainTensor } from "./plain-tensor.js";
import { stridesOf } from "./strides.js";

/** The likeliest class at each step, without blanks; `merge_repeated` takes runs of one class as one. Input [steps, batch, classes]. */
function ctcGreedyDecoder(node: PlainNode): PlainTensor[] {
  const [{ shape, data }, lengths] = [node.floats(0), node.ints(1).data];
  const [, batch = 0, classCount = 0] = shape;
  const given = node.number("blank_index", -1);
  const blank = given < 0 ? classCount + given : given;
  const merges = node.flag("merge_repeated");
  const rows: number[][] = [];
  const scores = new Float32Array(batch);
  for (let item = 0; item < batch; item++) {
    const row: number[] = [];
    let before = -1;
    for (let step = 0; step < lengths[item]!; step++) {
      const values = data.subarray((step * batch + item) * classCount, (step * batch + item + 1) * classCount);
      let best = 0;
      for (let each = 1; each < classCount; each++) if (values[each]! > values[best]!) best = each;
      scores[item]! -= values[best]!;
      if (best !== blank && !(merges && best === before)) row.push(best);
      before = best;
    }
    rows.push(row);
  }
  const places = rows.flatMap((row, item) => row.flatMap((_, position) => [item, position]));
  const values = rows.flat();
  const longest = rows.reduce((most, { length }) => Math.max(most, length), 0);
  return [
    ints([values.length, 2], places),
    ints([values.length], values),
    ints([2], [batch, longest]),
    floats([batch, 1], scores),
  ];
}

type Sequences = ReadonlyMap<number, readonly (number | string)[]>;

/** The rows of a sparse tensor along its last axis, by their place in `groupShape`. */
function sequencesOf(node: PlainNode, first: number, groupShape: readonly number[]): Sequences {
  const [indices, values] = [node.ints(first), node.input(first + 1)];
  if (values.dtype === "complex64") return node.refuse("complex numbers");
  const strides = stridesOf(groupShape);
  const rank = groupShape.length + 1;
  const rows = new Map<number, (number | string)[]>();
  for (const [entry, value] of Array.from<number | string>(values.data).entries()) {
    const row = strides.reduce((sum, stride, axis) => sum + stride * indices.data[entry * rank + axis]!, 0);
    rows.set(row, [...(rows.get(row) ?? []), value]);
  }
  return rows;
}

/** Levenshtein's distance of each row to the true one, by default as a part of the true one's length. */
function editDistance(node: PlainNode): PlainTensor {
  const [shape, trueShape] = [node.ints(2).data, node.ints(5).data];
  const groupShape = Array.from(shape.slice(0, -1), (size, axis) => Math.max(size, trueShape[axis]!));
  const [guesses, truths] = [sequencesOf(node, 0, groupShape), sequencesOf(node, 3, groupShape)];
  const isNormalised = node.flag("normalize", true);
  const count = groupShape.reduce((product, size) => product * size, 1);
  const distances = Array.from({ length: count }, (_, row) => {
    const [guess, truth] = [guesses.get(row) ?? [], truths.get(row) ?? []];
    const edits = levenshtein(guess, truth);
    if (!isNormalised) return edits;
    return truth.length === 0 ? (guess.length === 0 ? 0 : Infinity) : edits / truth.length;
  });
  return floats(groupShape, distances);
}

function levenshtein(a: readonly unknown[], b: readonly unknown[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [index, value] of a.entries()) {
    const next = [index + 1];
    for (const [other, expected] of b.entries())
      next.push(Math.min(row[other + 1]! + 1, next[other]! + 1, row[other]! + Number(value !== expected)));
    row = next;
  }
  return row.at(-1)!;
}

export const SEQUENCE_OPS: Readonly<Record<string, PlainOp>> = {
  CTCGreedyDecoder: ctcGreedyDecoder,
  EditDistance: editDistance,
};
