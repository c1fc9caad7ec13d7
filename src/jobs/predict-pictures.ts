import { ShardError } from "../core/errors.js";
import { throwIfAborted } from "../protocol/abort.js";
import type { Outputs } from "../protocol/tensors.js";
import { onlyShardErrors, orShardError } from "../protocol/raw-errors.js";
import { checkPredictOptions, type PredictOptions } from "../sharder/job/predict-options.js";
import type { Sharder } from "../sharder/sharder.js";
import { checkSharder, splitOptions, type PictureOptions } from "./picture-options.js";
import { READ_AHEAD, PictureReader } from "./picture-reader.js";
import { planPictures, type PictureFeed } from "./picture-tensors.js";
import type { Picture } from "./picture-worker.js";
import { readAhead } from "./read-ahead.js";

/**
 * Run a model on pictures as one batch. They are decoded and scaled off the page's thread. Use `streamPictures` for
 * pictures that don't fit in memory together, or that may be unreadable.
 *
 * The pictures stay the caller's: bitmaps and frames are neither closed nor detached.
 *
 * @param pictures at least one; the outputs keep their order.
 * @returns the same as `sharder.predict`.
 * @throws ShardError "picture-unreadable" naming the first unreadable picture by its index, "invalid-input",
 *         "invalid-options", "model-unsupported", "out-of-memory", "worker-lost", and all of `predict`.
 */
export function predictPictures(
  sharder: Sharder,
  pictures: readonly Picture[],
  options: PictureOptions & PredictOptions = {},
): Promise<Outputs> {
  return onlyShardErrors(() => predict(sharder, pictures, options));
}

async function predict(
  sharder: Sharder,
  pictures: readonly Picture[],
  options: PictureOptions & PredictOptions,
): Promise<Outputs> {
  const { pictures: pictureOptions, job } = splitOptions<PredictOptions>(options);
  checkPredictOptions(job);
  const { signal } = job;
  checkSharder(sharder);
  const isList = orShardError("invalid-input", "a list of pictures", "pass an array", () => Array.isArray(pictures));
  if (!isList || pictures.length === 0) {
    const [received, advice] = isList ? ["an empty list", "pass at least one"] : [typeof pictures, "pass [picture]"];
    throw new ShardError("invalid-input", `Expected a list of pictures, received ${received}: ${advice}.`);
  }
  const feed = planPictures(sharder.model, pictureOptions);
  throwIfAborted(signal);
  const data = allocate(feed, pictures.length);
  const reader = new PictureReader();
  try {
    const read = (picture: Picture, index: number) => reader.read(picture, index, feed.plan);
    for await (const item of readAhead(pictures, read, READ_AHEAD)) {
      throwIfAborted(signal);
      if ("error" in item) throw item.error;
      data.set(item.data, item.index * feed.itemSize);
    }
  } finally {
    reader.close();
  }
  return sharder.predict(feed.toInputs(data, pictures.length), job);
}

function allocate({ plan, itemSize }: PictureFeed, count: number): Uint8Array | Float32Array {
  try {
    return plan.standardise === undefined ? new Uint8Array(count * itemSize) : new Float32Array(count * itemSize);
  } catch (cause) {
    throw new ShardError(
      "out-of-memory",
      `Expected memory for ${count} pictures of ${itemSize} values, received none: use streamPictures.`,
      { cause },
    );
  }
}
