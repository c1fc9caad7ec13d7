import { createSharder, type Sharder } from "inference-sharder";
import { slow } from "inference-sharder/faults";
import { noiseBatch, type ModelSource } from "./bench-models.js";
import { inputOf } from "./subjects.js";

const SLOWDOWN = 4;

export interface Recut {
  /** Items per second once the stages have moved ÷ what the best of all cuts would give. */
  readonly overOptimum: number;
  readonly stages: string;
  readonly recutCount: number;
}

/**
 * Slow one of two stages' workers down in mid-job, and compare what the pipeline then gives with the best that the layers' costs allow.
 *
 * The optimum is that of the two workers' true speeds: layer costs as traced, scaled to what the stages took before the slowdown.
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
    // From when the stages stopped moving, less what was still in the old ones, to the end, less the draining.
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

/** Of the best cut into two, or of none, where one worker takes `SLOWDOWN` times as long. */
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
