import type { ShardError } from "../core/errors.js";
import type { Outputs } from "../protocol/tensors.js";
import type { Source } from "../sharder/job/source.js";
import { checkStreamOptions, type StreamOptions } from "../sharder/job/stream-options.js";
import type { Sharder } from "../sharder/sharder.js";
import { itemOutputs } from "./item-outputs.js";
import { checkSharder } from "./picture-options.js";

/** The outputs of one item, as `predict` returns them for this item alone, or why the model failed on it wherever it was tried. */
export type ItemResult =
  | { readonly index: number; readonly outputs: Outputs; readonly workerId: string; readonly error?: undefined }
  | { readonly index: number; readonly error: ShardError; readonly workerId: string; readonly outputs?: undefined };

/**
 * Run a model over a source, as `sharder.stream`, and yield its results item by item instead of shard by shard. An item on which the model
 * fails everywhere does not end the stream, whatever the sharder's `onItemError` says: it has an `error` in place of outputs. An output
 * that has no row for each item comes whole with every item.
 *
 * @param source batches of any size; items are counted over all of them.
 * @throws ShardError as `stream`; whatever the source throws, unchanged.
 */
export async function* streamItems(
  sharder: Sharder,
  source: Source,
  options: Omit<StreamOptions, "onItemError"> = {},
): AsyncGenerator<ItemResult, void, undefined> {
  checkStreamOptions(options);
  checkSharder(sharder);
  const shards = sharder.stream(source, { ...options, onItemError: "report" });
  for await (const { firstItem, itemCount, workerId, outputs, itemErrors } of shards) {
    for (let row = 0; row < itemCount; row++) {
      const index = firstItem + row;
      const error = itemErrors?.[row]?.error;
      if (error === undefined) yield { index, outputs: itemOutputs(outputs, row, itemCount), workerId };
      else yield { index, error, workerId };
    }
  }
}
