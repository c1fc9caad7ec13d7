import type { ChosenPicture, PictureSize } from "./picture-job.js";

export type EntryState = "waiting" | "running" | "done" | "failed";

/** One picture of the list. Only `PictureQueue` changes it. */
export class QueueEntry {
  /** Unique in the list, also after a reload. */
  readonly id: number;
  readonly picture: ChosenPicture;
  state: EntryState = "waiting";
  /** Of the original; `undefined` until it is decoded. */
  size: PictureSize | undefined;
  /** Why it has failed. */
  reason = "";
  /** The result as a PNG, where the list keeps it. */
  result: Blob | undefined;

  constructor(id: number, picture: ChosenPicture) {
    this.id = id;
    this.picture = picture;
  }
}

export interface EntryCounts {
  readonly all: number;
  readonly waiting: number;
  readonly done: number;
  readonly failed: number;
}

export function countEntries(entries: readonly QueueEntry[]): EntryCounts {
  const count = (state: EntryState): number => entries.filter((entry) => entry.state === state).length;
  return { all: entries.length, waiting: count("waiting"), done: count("done"), failed: count("failed") };
}
