import { inspectJournal, type StreamJournalOptions } from "../../index.js";
import { formatCount } from "../parts/format.js";
import type { ChosenPicture } from "./picture-job.js";
import { countEntries, type QueueEntry } from "./queue-entry.js";
import type { KeptQueue } from "./queue-store.js";

/** The journal of the picture that is being enlarged; there is one at a time. */
export const PICTURE_JOURNAL = "page: picture";

/** Kept until the job has ended. */
export function pictureJournal({ name, blob }: ChosenPicture): StreamJournalOptions {
  return { name: PICTURE_JOURNAL, key: `${name}, ${blob.size} bytes`, ifBusy: "ignore", keepResults: false };
}

/** Pictures whose enlarging was interrupted, or that were not saved. */
export interface InterruptedPictures {
  readonly entries: readonly QueueEntry[];
  /** "Resume sample.png: 312 of 690 tiles are done." */
  readonly text: string;
}

/** @returns `undefined` if nothing of it would be lost. Never rejects. */
export async function describeInterrupted({ entries, tileCount }: KeptQueue): Promise<InterruptedPictures | undefined> {
  const tilesDone = await countRecordedTiles();
  const { all, done, failed, waiting } = countEntries(entries);
  const next = entries.find(({ state }) => state === "waiting");
  const of = tileCount === undefined ? "its tiles" : formatCount(tileCount, "tile");
  const tiles = `${tilesDone} of ${of} are done`;
  if (all === 1) {
    return tilesDone > 0 && next !== undefined
      ? { entries, text: `Resume ${next.picture.name}: ${tiles}.` }
      : undefined;
  }
  const failures = failed === 0 ? "" : `, ${failed} could not be enlarged`;
  const rest = tilesDone > 0 && next !== undefined ? ` Of ${next.picture.name}, ${tiles}.` : "";
  const verb = waiting > 0 ? "Resume" : "Show";
  return { entries, text: `${verb} your list: ${done} of ${formatCount(all, "picture")} are done${failures}.${rest}` };
}

async function countRecordedTiles(): Promise<number> {
  try {
    const found = await inspectJournal(PICTURE_JOURNAL);
    return found === undefined || found.state !== "unfinished" || found.isInUse ? 0 : found.doneItemCount;
  } catch {
    return 0;
  }
}
