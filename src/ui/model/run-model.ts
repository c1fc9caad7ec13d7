import {
  describeOutputs,
  streamPictures,
  streamRandom,
  type ModelLabels,
  type OutputCell,
  type ShardError,
  type Sharder,
} from "../../index.js";
import type { RunRequest } from "./model-request.js";
import { modelJournal } from "./model-resume.js";
import { pictureOptionsFor } from "./picture-choice.js";

/** One item with the model's outputs for it. */
export interface ItemRow {
  readonly index: number;
  readonly name: string;
  readonly picture: File | undefined;
  /** By output; `undefined` where the picture could not be read, and beyond `MAX_SHOWN_ROWS`. */
  readonly cells: Readonly<Record<string, OutputCell>> | undefined;
  /** Why this picture could not be read. */
  readonly error: ShardError | undefined;
}

/** As many rows as somebody may look through. */
export const MAX_SHOWN_ROWS = 200;

/**
 * Run a model on the input that the user chose; yields one row per item, in order.
 * @throws ShardError like `streamPictures` and `streamRandom`.
 */
export async function* runModel(
  sharder: Sharder,
  request: RunRequest,
  labels: ModelLabels | undefined,
  signal: AbortSignal,
): AsyncGenerator<ItemRow, void, undefined> {
  const journal = modelJournal(request);
  if (request.kind === "random") {
    for await (const { index, outputs } of streamRandom(sharder, { ...request, signal, journal })) {
      const cells = index < MAX_SHOWN_ROWS ? describeOutputs(outputs, labels?.labels) : undefined;
      yield { index, name: `Item ${index + 1}`, picture: undefined, cells, error: undefined };
    }
    return;
  }
  const options = { ...pictureOptionsFor(sharder.model, request, labels), signal, journal };
  for await (const { index, outputs, error } of streamPictures(sharder, request.pictures, options)) {
    const picture = request.pictures[index]!;
    const cells =
      outputs !== undefined && index < MAX_SHOWN_ROWS ? describeOutputs(outputs, labels?.labels) : undefined;
    yield { index, name: picture.name, picture, cells, error };
  }
}
