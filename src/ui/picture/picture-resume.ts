import type { StreamJournalOptions } from "../../index.js";
import { formatCount, formatDone } from "../parts/format.js";
import { recordedItemCount } from "../parts/recorded-count.js";
import type { ChosenPicture } from "./picture-job.js";
import { countEntries, type QueueEntry } from "./queue-entry.js";
import type { KeptQueue } from "./queue-store.js";

/** Where an element keeps its pictures, and the tiles of the one that is being enlarged. No other element of the page uses these names. */
export interface PictureStorage {
  readonly journal: string;
  /** Of the browser's cache, and of the lock of the tab that writes it. */
  readonly cache: string;
}

/** Kept until the job has ended. @param journal its name; there is one at a time. */
export function pictureJournal(journal: string, { name, blob }: ChosenPicture): StreamJournalOptions {
  return { name: journal, key: `${name}, ${blob.size} bytes`, ifBusy: "ignore", keepResults: false };
}

/** Pictures whose enlarging was interrupted, or that were not saved. */
export interface InterruptedPictures {
  readonly entries: readonly QueueEntry[];
  /** "Resume sample.png: 312 of 690 tiles are done." */
  readonly text: string;
}

/** @param journal its name. @returns `undefined` if nothing of it would be lost. Never rejects. */
export async function describeInterrupted(
  { entries, tileCount }: KeptQueue,
  journal: string,
): Promise<InterruptedPictures | undefined> {
  const tilesDone = await recordedItemCount(journal);
  const { all, done, failed, waiting } = countEntries(entries);
  const next = entries.find(({ state }) => state === "waiting");
  const of = tileCount === undefined ? "its tiles" : formatCount(tileCount, "tile");
  const tiles = formatDone(tilesDone, of);
  if (all === 1) {
    return tilesDone > 0 && next !== undefined
      ? { entries, text: `Resume ${next.picture.name}: ${tiles}.` }
      : undefined;
  }
  const failures = failed === 0 ? "" : `, ${failed} could not be enlarged`;
  const rest = tilesDone > 0 && next !== undefined ? ` Of ${next.picture.name}, ${tiles}.` : "";
  const verb = waiting > 0 ? "Resume" : "Show";
  return { entries, text: `${verb} your list: ${formatDone(done, formatCount(all, "picture"))}${failures}.${rest}` };
}
