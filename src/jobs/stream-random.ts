import { batchLayoutOf } from "../model/batch/batch-layout.js";
import type { Inputs } from "../sharder/inputs/prepare-inputs.js";
import type { StreamJournalOptions } from "../sharder/journal/journal-options.js";
import type { Sharder } from "../sharder/sharder.js";
import { checkCount, randomInputs, type FreeSize } from "./random-inputs.js";
import { streamItems, type ItemResult } from "./stream-items.js";

export interface RandomRunOptions {
  /** Whole, ≥ 1. */
  readonly itemCount: number;
  /** @see RandomInputOptions.freeSize */
  readonly freeSize: FreeSize;
  readonly signal?: AbortSignal | undefined;
  readonly journal?: StreamJournalOptions | undefined;
}

/**
 * Run a model on random items that are made on demand. An index has the same item in every run. A model that takes groups of N gets whole
 * groups, of which the surplus is left out.
 * @throws ShardError like `randomInputs` and `stream`.
 */
export async function* streamRandom(
  sharder: Sharder,
  { itemCount, freeSize, signal, journal }: RandomRunOptions,
): AsyncGenerator<ItemResult, void, undefined> {
  checkCount("itemCount", itemCount);
  const layout = batchLayoutOf(sharder.model.inputs);
  const step = layout.kind === "fixed" ? layout.itemCount : 1;
  function* items(): Generator<Inputs, void, undefined> {
    for (let index = 0; index < itemCount; index += step) {
      yield randomInputs(sharder.model, { itemCount: 1, freeSize, seed: index + 1 });
    }
  }
  for await (const result of streamItems(sharder, items(), { signal, journal })) {
    if (result.index < itemCount) yield result;
  }
}
