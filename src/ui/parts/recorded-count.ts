import { inspectJournal } from "../../index.js";

/** A page that is being reloaded, or has crashed, lets go of what it holds a little later; on a busy machine, many seconds later. */
const RELEASE_PATIENCE_MS = 20_000;
const LOOK_AGAIN_MS = 500;

/**
 * How many items of an unfinished job a journal holds, once the page that wrote it has let go of it.
 * @returns 0 if there is no such job, or another tab uses the journal. Never rejects.
 */
export async function recordedItemCount(journal: string): Promise<number> {
  const untilMs = performance.now() + RELEASE_PATIENCE_MS;
  try {
    for (;;) {
      const found = await inspectJournal(journal);
      if (found === undefined || found.state !== "unfinished") return 0;
      if (!found.isInUse) return found.doneItemCount;
      if (performance.now() > untilMs) return 0;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  } catch {
    return 0;
  }
}
