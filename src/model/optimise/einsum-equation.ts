/** One axis of an einsum, named by a letter. */
export type Label = string;

/**
 * Describes an einsum of two tensors as one batched matrix product:
 * `[batch, left, contracted] · [batch, contracted, right] → [batch, left, right]`, where each name stands for a group of axes.
 */
export interface ProductPlan {
  /** Whether the second operand stands on the left, because its axes come first in the output. */
  readonly isSwapped: boolean;
  readonly batch: readonly Label[];
  readonly left: readonly Label[];
  readonly contracted: readonly Label[];
  readonly right: readonly Label[];
}

/** The axes of the operands and of the result. */
export interface Equation {
  readonly operands: readonly (readonly Label[])[];
  readonly output: readonly Label[];
}

/** @returns the reason if the equation can't be used: an ellipsis, no arrow, or one letter twice in a tensor. */
export function parseEquation(text: string): Equation | string {
  const parts = text.replaceAll(" ", "").split("->");
  if (parts.length !== 2) return `the equation "${text}" does not name its output`;
  const operands = parts[0]!.split(",").map((each) => each.split(""));
  const output = parts[1]!.split("");
  const tensors = [...operands, output];
  if (tensors.flat().some((label) => !/^[a-zA-Z]$/.test(label))) return `the equation "${text}" has an ellipsis`;
  if (tensors.some((labels) => new Set(labels).size !== labels.length)) {
    return `the equation "${text}" names one axis of a tensor twice`;
  }
  const given = new Set(operands.flat());
  if (!output.every((label) => given.has(label))) return `the equation "${text}" has an axis only in its output`;
  return { operands, output };
}

/** The axes of one operand that appear neither in the output nor in another operand. They are summed first. */
export function axesToSum({ operands, output }: Equation, operand: number): number[] {
  const others = operands.filter((_, index) => index !== operand).flat();
  const isAlone = (label: Label): boolean => !output.includes(label) && !others.includes(label);
  return operands[operand]!.flatMap((label, axis) => (isAlone(label) ? [axis] : []));
}

/** Plan the product of two operands that have no axes to sum first. */
export function planProduct(
  [a, b]: readonly [readonly Label[], readonly Label[]],
  output: readonly Label[],
): ProductPlan {
  const ofA = output.findIndex((label) => a.includes(label) && !b.includes(label));
  const ofB = output.findIndex((label) => b.includes(label) && !a.includes(label));
  const isSwapped = ofA > ofB && ofB >= 0;
  const [first, second] = isSwapped ? [b, a] : [a, b];
  return {
    isSwapped,
    batch: output.filter((label) => first.includes(label) && second.includes(label)),
    // Axes keep their order in the operands, so that fewer operands need a transposition.
    left: first.filter((label) => !second.includes(label)),
    contracted: first.filter((label) => second.includes(label) && !output.includes(label)),
    right: second.filter((label) => !first.includes(label)),
  };
}
