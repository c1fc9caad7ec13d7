import { createSharder, type Sharder } from "inference-sharder";
import { slow } from "inference-sharder/faults";
import { noiseBatch, type ModelSource } from "./bench-models.js";
import { inputOf } from "./sharder-tensors.js";

const SLOWDOWN = 4;

export interface Recut {
  /** Items per second once the stages have moved ÷ items per second of the best cut. */
  readonly overOptimum: number;
  readonly stages: string;
  readonly recutCount: number;
}

/**
 * Slow down the worker of one of two stages in mid-job, and compare the throughput that the pipeline reaches with the
 * best that the layers' costs allow.
 *
 * The optimum follows from the two workers' true speeds: the traced layer costs, scaled to the times of the stages
 * before the slowdown.
 */
export async function measureRecut(
  source: ModelSource,
  itemShape: readonly number[],
  itemCount: number,
): Promise<Recut> {
  const workers = [{ backend: "wasm" }, { backend: "wasm" }] as const;
  const sharder = await createSharder({ model: source, workers, split: "layers" });
  try {
    const input = inputOf(noiseBatch(itemShape, itemCount));
    await sharder.predict(input);
    const before = stagesOf(sharder);
    const costs = sharder.model.layers.map(({ ms }) => ms ?? 0);
    const scale = sum(before.map(({ ms }) => ms ?? 0)) / sum(costs);
    const slowed = before[0]!.workerIds[0]!;
    let recutCount = 0;
    let lastMoveAt = 0;
    sharder.addEventListener("rebalance", () => {
      recutCount++;
      lastMoveAt = done.at(-1)?.itemCount ?? 0;
    });
    const done: { itemCount: number; atMs: number }[] = [];
    let isSlow = false;
    await sharder.predict(input, {
      onProgress: ({ completedItemCount, fraction }) => {
        done.push({ itemCount: completedItemCount, atMs: performance.now() });
        if (fraction < 0.1 || isSlow) return;
        isSlow = true;
        void slow(slowed, SLOWDOWN);
      },
    });
    // From the last move of a stage to the end, without the items that were still in the old stages and without
    // draining.
    const from = lastMoveAt + 0.15 * itemCount;
    const steady = done.filter((each) => each.itemCount >= from && each.itemCount <= 0.97 * itemCount);
    const [first, last] = [steady[0], steady.at(-1)];
    const msPerItem =
      first === undefined || last === undefined || last === first
        ? NaN
        : (last.atMs - first.atMs) / (last.itemCount - first.itemCount);
    const stages = stagesOf(sharder)
      .map(({ firstLayer, lastLayer, workerIds }) => `${firstLayer}–${lastLayer} on ${workerIds.join("+")}`)
      .join(" | ");
    return { overOptimum: (scale * bestStageMs(costs)) / msPerItem, stages, recutCount };
  } finally {
    await sharder.dispose();
  }
}

/** Time of the slower stage with the best cut into two or none, if one worker takes `SLOWDOWN` times as long. */
function bestStageMs(costs: readonly number[]): number {
  const total = sum(costs);
  let best = total;
  let before = 0;
  for (const ms of costs) {
    before += ms;
    best = Math.min(best, Math.max(SLOWDOWN * before, total - before), Math.max(before, SLOWDOWN * (total - before)));
  }
  return best;
}

function stagesOf({ plan }: Sharder) {
  return plan.split === "layers" ? plan.stages : [];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
