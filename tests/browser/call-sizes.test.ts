// In calls of how many items a real worker carries out shards, and that a later visit begins there.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;

beforeAll(async () => void (opened = await openHarness()));
afterAll(() => opened.close());

/**
 * Run jobs of `itemCount` items on an LSTM in one WASM worker, until its calls have `leastCallItemCount` items.
 * @returns the largest difference between the jobs' outputs, relative to the largest value.
 */
function runLstm(itemCount: number, leastCallItemCount: number, remember = true) {
  return opened.page.evaluate(
    async ([itemCount, least, remember]) => {
      const { createSharder, kerasRecurrent, float32, difference } = harness;
      const model = kerasRecurrent("LSTM", { length: 16, features: 16, units: [48] }, 5);
      const sharder = await createSharder({ model, workers: [{ backend: "wasm" }], split: "batch", remember });
      try {
        const input = float32([itemCount, 16, 16]);
        const first = await sharder.predict(input);
        let gap = 0;
        let last = first;
        const endMs = performance.now() + 20_000;
        const callItemCount = () => sharder.workers[0]!.callItemCount;
        while ((callItemCount() ?? 0) < least && performance.now() < endMs) {
          last = await sharder.predict(input);
          const [a, b] = [Object.values(last)[0]!, Object.values(first)[0]!];
          if (b.dtype !== "ragged") gap = Math.max(gap, difference(a, b));
        }
        return { callItemCount: callItemCount(), gap };
      } finally {
        await sharder.dispose();
      }
    },
    [itemCount, leastCallItemCount, remember] as const,
  );
}

it("a WASM worker finds that an LSTM wants many items at once, which changes no bit, and remembers it", async () => {
  const { callItemCount, gap } = await runLstm(128, 4);
  expect(callItemCount).toBeGreaterThanOrEqual(4);
  expect(gap).toBe(0);

  await opened.page.reload();
  // Two items are too few to compare sizes: it is known from before.
  const later = await runLstm(2, 4);
  expect(later.callItemCount).toBeGreaterThanOrEqual(4);
});

it("a sharder that is to remember nothing stores nothing, and knows nothing from before", async () => {
  await opened.page.evaluate(() => caches.delete("inference-sharder-memory"));
  await runLstm(64, 1, false);
  expect(await opened.page.evaluate(() => caches.has("inference-sharder-memory"))).toBe(false);
});
