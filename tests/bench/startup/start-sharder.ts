import { createSharder, type SharderOptions } from "inference-sharder";
import type { Batch } from "../bench-models.js";
import type { Values } from "../statistics.js";
import { inputOf, outputsInOrder } from "../sharder-tensors.js";

/** The sharder with its defaults: the model's files are kept in the cache. */
export async function startSharder(
  url: string,
  item: Batch,
  workers: NonNullable<SharderOptions["workers"]>,
): Promise<Values[]> {
  const sharder = await createSharder({ model: url, workers });
  return outputsInOrder(sharder, await sharder.predict(inputOf(item)));
}
