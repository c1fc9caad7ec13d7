import type { LoopBody } from "./loop-body.js";
import { matchGru } from "./match-gru.js";
import type { MatchedCell } from "./matched-cell.js";
import { activated, isPart, type LinearSum, matchSum, partOf } from "./read-sums.js";

/** Match h after the step, before any mask, with the cells that Keras writes. `undefined` if anything is not as there. */
export function matchCell(body: LoopBody, h: string): MatchedCell | undefined {
  return matchLstm(body, h) ?? matchGru(body, h) ?? matchSimple(body, h);
}

/** h = o·act(c), c = f·c₀ + i·act(g), where i, f, g, o are the parts of one sum of products. */
function matchLstm(body: LoopBody, reference: string): MatchedCell | undefined {
  const product = body.node(reference, "Mul");
  if (product === undefined) return undefined;
  for (const [gate, shaped] of body.orders(product)) {
    const output = activated(body, gate);
    const carried = activated(body, shaped);
    const sum = carried && body.node(carried.of, "AddV2", "Add");
    if (output === undefined || sum === undefined) continue;
    for (const [kept, added] of body.orders(sum)) {
      const found = matchCarry(body, kept, added);
      if (found === undefined) continue;
      const { forget, input, candidate, c } = found;
      if (candidate.activation !== carried!.activation) return undefined;
      if (new Set([output.activation, forget.activation, input.activation]).size > 1) return undefined;
      const parts = [input, forget, candidate, output].map(({ of }, index) => partOf(body, of, index));
      const [z] = parts;
      if (z === undefined || parts.some((part) => part === undefined || part.whole !== z.whole)) return undefined;
      const linear = matchSum(body, z.whole, 4);
      if (linear === undefined || !parts.every((part) => isPart(part!, linear.units, 4))) return undefined;
      if (linear.biases.length > 1 || linear.h === c) return undefined;
      return {
        op: "_SharderLstm",
        states: [linear.h, c],
        nextStates: [reference, carried!.of],
        ...pick(linear),
        activation: candidate.activation,
        recurrentActivation: output.activation,
        resetAfter: false,
      };
    }
  }
  return undefined;
}

/** f·c₀ and i·act(g). */
function matchCarry(body: LoopBody, kept: string, added: string) {
  const [keep, add] = [body.node(kept, "Mul"), body.node(added, "Mul")];
  if (keep === undefined || add === undefined) return undefined;
  for (const [gate, state] of body.orders(keep)) {
    const c = body.variable(state);
    const forget = activated(body, gate);
    if (c === undefined || forget === undefined) continue;
    for (const [first, second] of body.orders(add)) {
      const [input, candidate] = [activated(body, first), activated(body, second)];
      // The input gate is the first part of the sum.
      if (input === undefined || candidate === undefined || partOf(body, input.of, 0) === undefined) continue;
      return { forget, input, candidate, c };
    }
  }
  return undefined;
}

/** h = act(x·kernel + h·recurrent + bias). */
function matchSimple(body: LoopBody, reference: string): MatchedCell | undefined {
  const shaped = activated(body, reference);
  const linear = shaped && matchSum(body, shaped.of, 1);
  if (linear === undefined || linear.biases.length > 1) return undefined;
  return {
    op: "_SharderRnn",
    states: [linear.h],
    nextStates: [reference],
    ...pick(linear),
    activation: shaped!.activation,
    recurrentActivation: "linear",
    resetAfter: false,
  };
}

function pick({ x, units, kernel, recurrentKernel, biases }: LinearSum) {
  return { x, units, kernel, recurrentKernels: [recurrentKernel], biases };
}
