import type { KeptJob, KeptRun } from "./kept-job.js";
import { recordedItemCount } from "./recorded-count.js";

/** A run that was under way when the page was closed or crashed. */
export interface InterruptedRun extends KeptRun {
  readonly doneItemCount: number;
}

/**
 * Look for a run to resume: its files were kept, and its journal holds results but not all of them.
 * @returns `undefined` if there is none, or another tab has it. Never rejects.
 */
export async function findInterrupted(kept: KeptJob, journal: string): Promise<InterruptedRun | undefined> {
  const run = await kept.find();
  // Only then is the journals' worker started.
  if (run === undefined) return undefined;
  const doneItemCount = await recordedItemCount(journal);
  return doneItemCount > 0 ? { ...run, doneItemCount } : undefined;
}
