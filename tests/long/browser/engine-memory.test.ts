// Nothing piles up in LiteRT and ONNX Runtime: not over thousands of runs, nor over models and sharders that come and go.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LITERT, ONNX, testMemory } from "../../browser/file-engine.js";
import { openMeasured, type OpenPage } from "../../harness/launch.js";
import { timeBoxMs } from "../for-seeds.js";
import { processBytes } from "../../harness/process-memory.js";

const MEGABYTE = 2 ** 20;
/** All of it where more time is given than usual. */
const isWhole = timeBoxMs > 20_000;
const SHARDER_COUNT = isWhole ? 50 : 20;
const RUN_COUNT = isWhole ? 2_000 : 1_000;
/** Fewer on a GPU, which is computed in software. */
const MODEL_COUNTS = { wasm: isWhole ? 50 : 15, webgpu: 8 } as const;
/** From then on, each model finds the room that others have left. */
const SETTLED_AFTER = 6;
/** One worker's memory that nobody gives back is several times as much for each five of them. */
const MOST_GROWTH_BYTES = 100 * MEGABYTE;

let opened: OpenPage;
beforeAll(async () => {
  opened = await openMeasured();
});
afterAll(async () => {
  await opened.close();
});

describe.each([LITERT, ONNX])("$engine", (engine) => {
  testMemory(engine, { backend: "wasm" }, { runCount: RUN_COUNT, settledAfter: 200 }, () => opened.page);

  it.each(["wasm", "webgpu"] as const)(
    "models of 5 MB that come and go leave nothing in a worker on %s",
    async (backend) => {
      const found = await opened.page.evaluate(
        ([entry, count]) => {
          const net = harness.randomNet({ seed: 1, depth: 3, width: 256 });
          const model = entry.startsWith("onnx") ? harness.onnxTwin(net) : net;
          return harness.reloadAgainAndAgain(entry, model, [8, 8, 3], [1, 4], count);
        },
        [`${engine.engine}/${backend}`, MODEL_COUNTS[backend]] as const,
      );
      const sizes = found.map(({ heapBytes = 0 }) => heapBytes / MEGABYTE);
      console.log(
        `${engine.engine}/${backend}, MB of heap after each of ${found.length} models: ${[...new Set(sizes)].join(", ")}`,
      );
      expect(found).toHaveLength(MODEL_COUNTS[backend]);
      for (const { tensorCount, byteCount } of found) expect([tensorCount, byteCount]).toEqual([0, 0]);
      expect(sizes[0]).toBeGreaterThan(1);
      expect(sizes.at(-1)).toBe(sizes[SETTLED_AFTER]);
    },
  );

  it(`${SHARDER_COUNT} sharders leave no workers and no memory`, async () => {
    const cycle = (count: number): Promise<void> =>
      opened.page.evaluate(
        async ([format, count]) => {
          const { inputs } = await harness.savedCase(format, "conv", 8);
          for (let time = 0; time < count; time++) {
            const workers = [{ backend: "wasm" }] as const;
            const sharder = await harness.createSharder({ model: `fixtures/${format}/conv.${format}`, workers });
            await sharder.predict(inputs);
            await sharder.dispose();
          }
        },
        [engine.format, count] as const,
      );
    const session = await opened.page.context().newCDPSession(opened.page);
    /** Memory of workers that were ended goes with a collection of garbage, in the browser's own time. */
    const settled = async (): Promise<number> => {
      await expect.poll(() => opened.page.workers().length).toBe(0);
      await session.send("HeapProfiler.collectGarbage");
      return (await processBytes(opened, "now")) ?? 0;
    };
    await cycle(10);
    const before = await settled();
    await cycle(SHARDER_COUNT);
    let after = 0;
    const growth = async (): Promise<number> => (after = await settled()) - before;
    await expect.poll(growth, { timeout: 60_000, interval: 1_000 }).toBeLessThan(MOST_GROWTH_BYTES);
    const [first, last] = [before, after].map((bytes) => Math.round(bytes / MEGABYTE));
    console.log(
      `${engine.engine}: the page's process has ${first} MB after 10 sharders, ${last} MB after ${10 + SHARDER_COUNT}`,
    );
  });
});
