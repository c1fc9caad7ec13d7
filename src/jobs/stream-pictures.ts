import { ShardError } from "../core/errors.js";
import { throwIfAborted } from "../protocol/abort.js";
import { orShardError } from "../protocol/raw-errors.js";
import type { Outputs } from "../protocol/tensors.js";
import type { Inputs } from "../sharder/inputs/prepare-inputs.js";
import type { Sharder } from "../sharder/sharder.js";
import { checkStreamOptions, type StreamOptions } from "../sharder/job/stream-options.js";
import type { StreamShard } from "../sharder/job/stream.js";
import { itemOutputs } from "./item-outputs.js";
import { checkSharder, splitOptions, type PictureOptions } from "./picture-options.js";
import { READ_AHEAD, PictureReader } from "./picture-reader.js";
import { planPictures } from "./picture-tensors.js";
import type { Picture } from "./picture-worker.js";
import { readAhead } from "./read-ahead.js";
import { Refusals } from "./refusals.js";

/**
 * The result for one picture: the model's outputs, as `predict` returns them for this picture alone, or the reason why
 * it could not be read, or why the model failed on it wherever it was tried. `picture` is included so that you can close a frame or name a file.
 */
export type PictureResult =
  | {
      readonly index: number;
      readonly picture: Picture;
      readonly outputs: Outputs;
      readonly workerId: string;
      readonly error?: undefined;
    }
  | { readonly index: number; readonly picture: Picture; readonly error: ShardError; readonly outputs?: undefined };

export type PictureSource = Iterable<Picture> | AsyncIterable<Picture>;

/**
 * Run a model on any number of pictures, such as a folder's files or the frames of a video. The source is pulled no
 * faster than results are consumed. A few pictures are decoded ahead, and a bounded number is held in memory.
 *
 * An unreadable picture does not end the stream: it yields a result with `error` ("picture-unreadable"). Nor does one on which the
 * model fails on every worker, whatever the sharder's `onItemError` says.
 *
 * @throws ShardError like `predictPictures`, except for unreadable pictures; an error of the source unchanged.
 */
export async function* streamPictures(
  sharder: Sharder,
  pictures: PictureSource,
  options: PictureOptions & StreamOptions = {},
): AsyncGenerator<PictureResult, void, undefined> {
  const { pictures: pictureOptions, job } = splitOptions<StreamOptions>(options);
  const { order = "input", signal } = checkStreamOptions(job);
  checkSharder(sharder);
  checkSource(pictures);
  const feed = planPictures(sharder.model, pictureOptions);
  throwIfAborted(signal);

  const reader = new PictureReader();
  const refusals = new Refusals();
  /** Pictures whose results are pending, by their item's index in the sharder's stream. */
  const items = new Map<number, { index: number; picture: Picture }>();
  async function* readable(): AsyncGenerator<Inputs, void, undefined> {
    let itemCount = 0;
    const read = (picture: Picture, index: number) => reader.read(picture, index, feed.plan);
    for await (const item of readAhead(pictures, read, READ_AHEAD)) {
      const { index, picture } = item;
      if ("error" in item) {
        await refusals.add(item);
      } else {
        items.set(itemCount++, { index, picture });
        yield feed.toInputs(item.data, 1);
      }
    }
  }

  // Its own signal, so that leaving early ends the stream even if its source never answers.
  const ending = new AbortController();
  const end = (): void => ending.abort(signal?.reason);
  signal?.addEventListener("abort", end, { once: true });
  const shards = sharder.stream(readable(), { ...job, onItemError: "report", signal: ending.signal });
  let next: Promise<IteratorResult<StreamShard, void>> | undefined;
  let nextIndex = 0;
  try {
    for (;;) {
      const refused = refusals.arrival();
      for (const refusal of refusals.take(order === "input" ? nextIndex : undefined)) {
        nextIndex = refusal.index + 1;
        yield refusal;
      }
      next ??= nextOf(shards, () => items.size === 0);
      const result = await Promise.race([next, refused]);
      if (result === undefined) continue;
      next = undefined;
      if (result.done === true) break;
      const { firstItem, itemCount, workerId, itemErrors } = result.value;
      for (let row = 0; row < itemCount; row++) {
        const { index, picture } = items.get(firstItem + row)!;
        items.delete(firstItem + row);
        // Unreadable pictures between those of one shard.
        if (order === "input") yield* refusals.take(nextIndex);
        nextIndex = index + 1;
        const error = itemErrors?.[row]?.error;
        if (error === undefined)
          yield { index, picture, outputs: itemOutputs(result.value.outputs, row, itemCount), workerId };
        else yield { index, picture, error };
      }
    }
    yield* refusals.take(undefined);
  } finally {
    signal?.removeEventListener("abort", end);
    ending.abort();
    next?.catch(() => {});
    shards.return().catch(() => {});
    refusals.close();
    reader.close();
  }
}

/** The next shard. That all pictures have failed is no news once each was reported. */
async function nextOf(
  shards: AsyncGenerator<StreamShard, void, undefined>,
  areAllReported: () => boolean,
): Promise<IteratorResult<StreamShard, void>> {
  try {
    return await shards.next();
  } catch (thrown) {
    if (!(thrown instanceof ShardError) || thrown.itemErrors === undefined || !areAllReported()) throw thrown;
    return { done: true, value: undefined };
  }
}

function checkSource(pictures: unknown): void {
  const isIterable = orShardError(
    "invalid-input",
    "pictures that can be listed",
    "pass a list or a generator",
    () =>
      typeof pictures === "object" &&
      pictures !== null &&
      (Symbol.iterator in pictures || Symbol.asyncIterator in pictures),
  );
  if (isIterable) return;
  throw new ShardError(
    "invalid-input",
    `Expected an iterable or async iterable of pictures, received ${typeof pictures}: pass a list or a generator.`,
  );
}
