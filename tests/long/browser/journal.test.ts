// Jobs whose tab, or whose whole browser, is killed at random moments, over and over.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext } from "playwright";
import { expect, it } from "vitest";
import { harnessUrl, openProfile } from "../../harness/launch.js";
import { ENDINGS, runAndKill, runJob, type JournalJob } from "../../harness/journal-runs.js";
import { timeBoxMs } from "../for-seeds.js";

const ITEM_COUNT = 400;
/** What two workers may be on, and what may be on its way to the disk. */
const MAX_IN_FLIGHT = 80;

it("gives the same bytes after the tab was killed at 50 random moments", { timeout: timeBoxMs + 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "journal-"));
  const url = harnessUrl();
  let context: BrowserContext = await openProfile(folder);
  let killCount = 0;
  let caughtInTheMiddle = 0;
  const endMs = performance.now() + timeBoxMs;
  try {
    for (let round = 0; killCount < 50 && performance.now() < endMs; round++) {
      const kind = round % 2 === 0 ? "predict" : "stream";
      const split = round % 4 === 3 ? "layers" : "batch";
      const job: JournalJob = { kind, split, journal: `round ${round}`, itemCount: ITEM_COUNT };
      let reported = 0;
      for (let kill = 0; kill < 3; kill++, killCount++) {
        const how = ENDINGS[Math.floor(Math.random() * ENDINGS.length)]!;
        reported += await runAndKill(context, url, job, {
          afterItemCount: Math.ceil((ITEM_COUNT / 4) * Math.random()),
          how,
        });
        if (kill === 1) {
          await context.close();
          context = await openProfile(folder);
        }
      }
      const resumed = await runJob(context, url, { ...job, isCompared: true });
      expect(resumed.digest).toBe(resumed.undisturbed);
      const recordedItemCount = resumed.states[0]?.[1] ?? 0;
      expect(resumed.computedItemCount).toBe(ITEM_COUNT - recordedItemCount);
      expect(recordedItemCount).toBeGreaterThanOrEqual(Math.min(ITEM_COUNT, reported) - 3 * MAX_IN_FLIGHT);
      if (recordedItemCount > 0 && recordedItemCount < ITEM_COUNT) caughtInTheMiddle++;
    }
    console.log(`${killCount} kills; ${caughtInTheMiddle} jobs were resumed in their middle`);
    expect(killCount).toBeGreaterThan(5);
    expect(caughtInTheMiddle).toBeGreaterThan(0);
  } finally {
    await context.close();
    await rm(folder, { recursive: true, force: true });
  }
});
