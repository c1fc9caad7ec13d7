import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

it("keeps the numbers of tensors and workers and the page's heap constant over 200 jobs", async () => {
  const session = await opened.page.context().newCDPSession(opened.page);
  await session.send("HeapProfiler.enable");
  const heapBytes = async (): Promise<number> => {
    await session.send("HeapProfiler.collectGarbage");
    return (await session.send("Runtime.getHeapUsage")).usedSize;
  };
  await opened.page.evaluate(async () => {
    const { createSharder, randomNet, float32, failureOf } = harness;
    const sharder = await createSharder({
      model: randomNet({ seed: 1, pooledOutput: true }),
      workers: [{ backend: "wasm" }, { backend: "wasm" }, { backend: "cpu" }],
      quantumMs: 10,
    });
    const runJobs = async (count: number): Promise<number[]> => {
      for (let job = 0; job < count; job++) {
        const items = float32([1 + (job % 17), 8, 8, 3], job);
        if (job % 10 === 3) {
          const controller = new AbortController();
          const aborted = failureOf(() => sharder.predict(items, { signal: controller.signal }));
          controller.abort();
          await aborted;
        } else if (job % 10 === 7) {
          for await (const _ of sharder.stream([items, items], { order: "completion" }));
        } else {
          await sharder.predict(items);
        }
      }
      return Object.values(await sharder.memory()).map(({ tensorCount }) => tensorCount);
    };
    Object.assign(globalThis, { runJobs, endJobs: () => sharder.dispose() });
  });
  const runJobs = (count: number) =>
    opened.page.evaluate(
      (count) => (globalThis as unknown as { runJobs: (count: number) => Promise<number[]> }).runJobs(count),
      count,
    );

  const tensorsBefore = await runJobs(40);
  const heapBefore = await heapBytes();
  const workersBefore = opened.page.workers().length;
  const tensorsAfter = await runJobs(200);
  const heapAfter = await heapBytes();

  expect(workersBefore).toBe(3);
  expect(opened.page.workers().length).toBe(workersBefore);
  expect(tensorsAfter).toEqual(tensorsBefore);
  // Leaked jobs would hold their items and results, some 200 × 30 kB.
  expect(heapAfter - heapBefore).toBeLessThan(400_000);
  await opened.page.evaluate(() => (globalThis as unknown as { endJobs: () => Promise<void> }).endJobs());
  await expect.poll(() => opened.page.workers().length).toBe(0);
  expect(opened.errors).toEqual([]);
});
