import type { LoopBody, Term } from "./loop-body.js";
import type { MatchedCell } from "./matched-cell.js";
import type { LoopVariable } from "./read-loops.js";
import { activated, isPart, matchProduct, type Activated, type Part, partOf, product } from "./read-sums.js";

/** h = z·h₀ + (1 − z)·act(candidate). */
export function matchGru(body: LoopBody, reference: string): MatchedCell | undefined {
  const sum = body.node(reference, "AddV2", "Add");
  if (sum === undefined) return undefined;
  for (const [kept, added] of body.orders(sum)) {
    const [keep, add] = [body.node(kept, "Mul"), body.node(added, "Mul")];
    if (keep === undefined || add === undefined) continue;
    for (const [gate, state] of body.orders(keep)) {
      const h = body.variable(state);
      const update = activated(body, gate);
      if (h === undefined || update === undefined) continue;
      for (const [rest, shaped] of body.orders(add)) {
        const candidate = activated(body, shaped);
        if (candidate === undefined || !isOneMinus(body, rest, gate)) continue;
        return matchGates(body, reference, h, update, candidate);
      }
    }
  }
  return undefined;
}

function isOneMinus(body: LoopBody, reference: string, gate: string): boolean {
  const difference = body.node(reference, "Sub");
  const [one, z] = difference?.node.input ?? [];
  return body.constants.scalar(body.fixed(one)) === 1 && z !== undefined && isSame(body.resolve(z), body.resolve(gate));
}

function isSame(a: Term | undefined, b: Term | undefined): boolean {
  return a?.kind === "node" && b?.kind === "node" && a.node === b.node && a.index === b.index;
}

function matchGates(
  body: LoopBody,
  reference: string,
  h: LoopVariable,
  update: Activated,
  candidate: Activated,
): MatchedCell | undefined {
  const z = sumOfParts(body, update.of, 0);
  const sum = body.node(candidate.of, "AddV2", "Add");
  if (z === undefined || sum === undefined) return undefined;
  const input = matchProduct(body, z.first, 3, "input");
  if (input === undefined) return undefined;
  for (const [own, recurrent] of body.orders(sum)) {
    const part = partOf(body, own, 2);
    if (part?.whole !== z.first) continue;
    const found = resetAfter(body, h, z, recurrent) ?? resetBefore(body, h, z, recurrent);
    if (found === undefined || found.units !== input.units || found.gate !== update.activation) return undefined;
    const isAfter = found.kind === "after";
    const { units } = found;
    const isFitting = [...z.ofInput, part, ...found.ofInput].every((each) => isPart(each, units, 3));
    if (!isFitting || ![...z.ofState, ...found.ofState].every((each) => isPart(each, units, isAfter ? 3 : 2)))
      return undefined;
    const biases = isAfter ? [...input.biases, ...found.biases] : input.biases;
    // Either both products have a bias, or none has.
    if (isAfter && found.biases.length !== input.biases.length) return undefined;
    return {
      op: "_SharderGru",
      states: [h],
      nextStates: [reference],
      x: input.operand,
      units: found.units,
      kernel: input.kernel,
      recurrentKernels: found.kernels,
      biases,
      activation: candidate.activation,
      recurrentActivation: update.activation,
      resetAfter: isAfter,
    };
  }
  return undefined;
}

interface SumOfParts {
  /** The product of the input, and that of h. */
  readonly first: string;
  readonly second: string;
  readonly ofInput: readonly Part[];
  readonly ofState: readonly Part[];
}

/** The sum of part `index` of two products: first that of the input, which reads no variable. */
function sumOfParts(body: LoopBody, reference: string, index: number): SumOfParts | undefined {
  const sum = body.node(reference, "AddV2", "Add");
  if (sum === undefined) return undefined;
  for (const [a, b] of body.orders(sum)) {
    const [first, second] = [partOf(body, a, index), partOf(body, b, index)];
    if (first === undefined || second === undefined || matchProduct(body, first.whole, 3, "input") === undefined)
      continue;
    return { first: first.whole, second: second.whole, ofInput: [first], ofState: [second] };
  }
  return undefined;
}

/** reset · part 2 of the recurrent product. */
function resetAfter(body: LoopBody, h: LoopVariable, z: SumOfParts, reference: string) {
  const product = body.node(reference, "Mul");
  if (product === undefined) return undefined;
  for (const [gate, inner] of body.orders(product)) {
    const reset = activated(body, gate);
    const part = partOf(body, inner, 2);
    const gateSum = reset && resetSum(body, reset, z);
    if (gateSum === undefined || part?.whole !== z.second) continue;
    const recurrent = matchProduct(body, z.second, 3, h);
    if (recurrent === undefined || recurrent.rows !== recurrent.units) return undefined;
    const { units, kernel, biases } = recurrent;
    const { ofInput, ofState } = gateSum;
    const parts = { ofInput, ofState: [...ofState, part] };
    return { kind: "after", units, kernels: [kernel], biases, gate: reset!.activation, ...parts } as const;
  }
  return undefined;
}

/** The product of reset · h with a kernel of its own. */
function resetBefore(body: LoopBody, h: LoopVariable, z: SumOfParts, reference: string) {
  const candidate = product(body, reference);
  const scaled = candidate && body.node(candidate.operand, "Mul");
  if (candidate === undefined || scaled === undefined) return undefined;
  for (const [gate, state] of body.orders(scaled)) {
    const reset = activated(body, gate);
    const gateSum = reset && resetSum(body, reset, z);
    if (gateSum === undefined || body.variable(state) !== h) continue;
    const gates = matchProduct(body, z.second, 2, h);
    if (gates === undefined || gates.rows !== gates.units || gates.biases.length > 0) return undefined;
    const { units } = gates;
    if (candidate.shape[0] !== units || candidate.shape[1] !== units) return undefined;
    const { ofInput, ofState } = gateSum;
    const kernels = [gates.kernel, candidate.kernel];
    return {
      kind: "before",
      units,
      kernels,
      biases: [] as string[],
      gate: reset!.activation,
      ofInput,
      ofState,
    } as const;
  }
  return undefined;
}

/** The sum of the second parts of the same two products, which the reset gate activates. */
function resetSum(body: LoopBody, reset: Activated, z: SumOfParts): SumOfParts | undefined {
  const sum = sumOfParts(body, reset.of, 1);
  return sum?.first === z.first && sum.second === z.second ? sum : undefined;
}
