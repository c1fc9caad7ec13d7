import type { KerasCall, KerasTensor } from "./keras-call.js";
import { maskedRun } from "./masks.js";
import { producersOf } from "./needed-calls.js";

/**
 * Divide a model's calls into the smallest runs that can be stages of their own. Every tensor that passes from one run to another
 * can be fed to a model: its shape is known and it has no mask. All calls of a stateful layer stay together.
 */
export function listKerasLayers(calls: readonly KerasCall[]): KerasCall[][] {
  // The number of reasons not to cut in front of each call, as a difference array.
  const reasons = Array.from({ length: calls.length + 1 }, () => 0);
  const hold = (first: number, last: number): void => {
    reasons[first + 1]!++;
    reasons[last + 1]!--;
  };
  const indexOf = new Map(calls.map((call, index) => [call, index]));
  const producers = producersOf(calls);
  for (const [index, { inputs }] of calls.entries()) {
    for (const input of inputs) {
      const producer = producers.get(input);
      if (producer !== undefined && !canCross(input)) hold(indexOf.get(producer)!, index);
    }
  }
  for (const { first, last } of [...statefulRuns(calls), maskedRun(calls) ?? []].flat()) hold(first, last);
  const layers: KerasCall[][] = [];
  let open = 0;
  for (const [index, call] of calls.entries()) {
    open += reasons[index]!;
    if (open === 0) layers.push([call]);
    else layers.at(-1)!.push(call);
  }
  return layers;
}

function canCross({ shape, isMasked }: KerasTensor): boolean {
  return shape !== undefined && !isMasked;
}

function statefulRuns(calls: readonly KerasCall[]): { first: number; last: number }[] {
  const runs = new Map<KerasCall["layer"], { first: number; last: number }>();
  for (const [index, { layer }] of calls.entries()) {
    if (layer.config.stateful !== true) continue;
    runs.set(layer, { first: runs.get(layer)?.first ?? index, last: index });
  }
  return [...runs.values()];
}
