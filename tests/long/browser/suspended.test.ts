// A page that is stopped for longer than any deadline of a hang, workers included: as when a laptop sleeps, a tab is frozen, or a debugger
// holds it. A browser without a window does not freeze its pages, so that the system stops their processes.
import { expect, it } from "vitest";
import { openHarness, type OpenPage } from "../../harness/launch.js";

const FROZEN_MS = 30_000;

/** The processes of the browser's pages, with all their workers. */
async function rendererIds({ browser }: OpenPage): Promise<number[]> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const ids = processInfo.flatMap(({ type, id }) => (type === "renderer" ? id : []));
  expect(ids).not.toEqual([]);
  return ids;
}

// There are no such signals on Windows.
it.skipIf(process.platform === "win32").each(["batch", "layers"] as const)(
  "finds no fault in workers, split by %s, when the page has been stopped in mid-job",
  // A machine that stalls for more than a second right afterwards looks alike.
  { timeout: 150_000, retry: 1 },
  async (split) => {
    const opened = await openHarness();
    try {
      const { page } = opened;
      await page.evaluate(async (wanted) => {
        const { createSharder, randomNet, float32 } = harness;
        const sharder = await createSharder({
          model: randomNet({ seed: 1, size: 32, depth: 4, width: 8 }),
          workers: [{ backend: "wasm" }, { backend: "wasm" }],
          split: wanted,
          quantumMs: 50,
        });
        const batch = float32([200, 32, 32, 3]);
        await sharder.predict(batch);
        const seen = { faults: [] as string[], restarts: 0, itemCount: 0, latestMs: 0, longestGapMs: 0, isOver: false };
        sharder.addEventListener("fault", ({ detail }) => seen.faults.push(`${detail.cause}: ${detail.message}`));
        const source = (function* () {
          while (!seen.isOver) yield batch;
        })();
        const work = async (): Promise<typeof seen> => {
          for await (const { itemCount } of sharder.stream(source)) {
            const nowMs = performance.now();
            if (seen.latestMs > 0) seen.longestGapMs = Math.max(seen.longestGapMs, nowMs - seen.latestMs);
            seen.latestMs = nowMs;
            seen.itemCount += itemCount;
          }
          seen.restarts = sharder.workers.reduce((total, { restarts }) => total + restarts, 0);
          await sharder.dispose();
          return seen;
        };
        Object.assign(globalThis, { seen, working: work() });
      }, split);
      await page.waitForTimeout(2_000);
      const processIds = await rendererIds(opened);
      for (const id of processIds) process.kill(id, "SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, FROZEN_MS));
      for (const id of processIds) process.kill(id, "SIGCONT");
      await page.waitForTimeout(4_000);
      const { before, seen } = await page.evaluate(async () => {
        const { seen: watched, working } = globalThis as unknown as {
          seen: { itemCount: number; isOver: boolean };
          working: Promise<{ faults: string[]; restarts: number; itemCount: number; longestGapMs: number }>;
        };
        const countBefore = watched.itemCount;
        watched.isOver = true;
        return { before: countBefore, seen: await working };
      });
      console.log(`${split}: silent for ${Math.round(seen.longestGapMs)} ms, ${seen.itemCount} items`);
      // Else it was not frozen.
      expect(seen.longestGapMs).toBeGreaterThan(0.9 * FROZEN_MS);
      expect(before).toBeGreaterThan(0);
      expect(seen.itemCount).toBeGreaterThanOrEqual(before);
      expect({ faults: seen.faults, restarts: seen.restarts }).toEqual({ faults: [], restarts: 0 });
    } finally {
      await opened.close();
    }
  },
);
