import type { KerasCall, KerasTensor } from "./keras-call.js";

/** The calls that an output needs, producers first, each branch finished before the next one starts. O(calls + inputs). */
export function neededCalls(calls: readonly KerasCall[], outputs: readonly KerasTensor[]): KerasCall[] {
  const producers = producersOf(calls);
  const result: KerasCall[] = [];
  const placed = new Set<KerasCall>();
  const stack = outputs.flatMap((output) => producers.get(output) ?? []).reverse();
  while (stack.length > 0) {
    const call = stack.at(-1)!;
    const sources = call.inputs.flatMap((input) => producers.get(input) ?? []);
    const pending = placed.has(call) ? [] : sources.filter((source) => !placed.has(source));
    if (pending.length > 0) {
      stack.push(...pending.reverse());
      continue;
    }
    stack.pop();
    if (!placed.has(call)) result.push(call);
    placed.add(call);
  }
  return result;
}

/** The call that makes each tensor. */
export function producersOf(calls: readonly KerasCall[]): Map<KerasTensor, KerasCall> {
  return new Map(calls.flatMap((call) => call.outputs.map((output): [KerasTensor, KerasCall] => [output, call])));
}
