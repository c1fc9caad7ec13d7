import type { Inputs } from "../sharder/inputs/prepare-inputs.js";
import type { StreamJournalOptions } from "../sharder/journal/journal-options.js";
import type { Sharder } from "../sharder/sharder.js";
import type { Outputs } from "../protocol/tensors.js";
import { itemOutputs } from "./item-outputs.js";
import { checkCount, randomInputs } from "./random-inputs.js";

export interface RandomRunOptions {
  /** Whole, ≥ 1. */
  readonly itemCount: number;
  /** @see RandomInputOptions.freeSize */
  readonly freeSize: number;
  readonly signal?: AbortSignal | undefined;
  readonly journal?: StreamJournalOptions | undefined;
}

export interface RandomResult {
  readonly index: number;
  readonly outputs: Outputs;
  readonly workerId: string;
}

/**
 * Run a model on random items that are made on demand. An index has the same item in every run.
 * @throws ShardError like `randomInputs` and `stream`.
 */
export async function* streamRandom(
  sharder: Sharder,
  { itemCount, freeSize, signal, journal }: RandomRunOptions,
): AsyncGenerator<RandomResult, void, undefined> {
  checkCount("itemCount", itemCount);
  function* items(): Generator<Inputs, void, undefined> {
    for (let index = 0; index < itemCount; index++) {
      yield randomInputs(sharder.model, { itemCount: 1, freeSize, seed: index + 1 });
    }
  }
  for await (const { firstItem, itemCount: rows, workerId, outputs } of sharder.stream(items(), { signal, journal })) {
    for (let row = 0; row < rows; row++) yield { index: firstItem + row, outputs: itemOutputs(outputs, row), workerId };
  }
}
