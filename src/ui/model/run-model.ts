import {
  streamItems,
  streamPictures,
  streamRandom,
  type ModelLabels,
  type Outputs,
  type ShardError,
  type Sharder,
} from "../../index.js";
import { freeSizeFor, type RunRequest } from "./model-request.js";
import { modelJournal } from "./model-resume.js";
import { pictureOptionsFor } from "./picture-choice.js";

/** One item with the model's outputs for it, or the reason why there are none. */
export interface ItemRow {
  readonly index: number;
  readonly outputs: Outputs | undefined;
  /** Why this picture could not be read, or why the model failed on this item. */
  readonly error: ShardError | undefined;
}

/**
 * Run a model on the input that the user chose; yields one row per item, in order.
 * @throws ShardError like `streamPictures`, `streamRandom` and `streamItems`, and for files of numbers that don't fit.
 */
export async function* runModel(
  sharder: Sharder,
  request: RunRequest,
  labels: ModelLabels | undefined,
  { signal, journalName }: { readonly signal: AbortSignal; readonly journalName: string },
): AsyncGenerator<ItemRow, void, undefined> {
  const results = await resultsOf(sharder, request, labels, { signal, journal: modelJournal(journalName, request) });
  for await (const { index, outputs, error } of results) yield { index, outputs, error };
}

type JobOptions = { readonly signal: AbortSignal; readonly journal: ReturnType<typeof modelJournal> };

async function resultsOf(
  sharder: Sharder,
  request: RunRequest,
  labels: ModelLabels | undefined,
  job: JobOptions,
): Promise<AsyncIterable<{ index: number; outputs?: Outputs | undefined; error?: ShardError | undefined }>> {
  switch (request.kind) {
    case "random":
      return streamRandom(sharder, { itemCount: request.itemCount, freeSize: freeSizeFor(request.sizes), ...job });
    case "pictures": {
      const options = pictureOptionsFor(sharder.model, request, labels);
      return streamPictures(sharder, request.pictures, { ...options, ...job });
    }
    case "tensors": {
      const { openTensors } = await import("./tensors/tensor-source.js");
      return streamItems(sharder, await openTensors(sharder.model, request), job);
    }
  }
}

/** What an item is called. */
export function itemNameOf(request: RunRequest, index: number): string {
  return (request.kind === "pictures" ? request.pictures[index]?.name : undefined) ?? `Item ${index + 1}`;
}

/** Without the picture's index: the row already shows its name. */
export function reasonOf({ message, cause }: ShardError): string {
  const inner: unknown = cause;
  return inner instanceof Error && "code" in inner ? inner.message : message;
}
