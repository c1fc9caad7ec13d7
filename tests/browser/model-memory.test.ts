// What is remembered of a model, in a real browser's cache.
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;

beforeAll(async () => void (opened = await openHarness()));
afterAll(() => opened.close());

it("keeps measurements over a reload, and replaces those of the model that was written to longest ago", async () => {
  const { page } = opened;
  await page.evaluate(async () => {
    const { createModelMemory } = harness;
    const memoryOf = (id: string) => createModelMemory({ modelId: async () => id });
    const cache = await caches.open("inference-sharder-memory");
    for (let index = 0; index < 66; index++) {
      const id = `model-${index}`;
      memoryOf(id).write("calls", index);
      const isWritten = async () => (await cache.keys()).some(({ url }) => url.includes(`/${id}/`));
      while (!(await isWritten())) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    while ((await cache.keys()).length > 64) await new Promise((resolve) => setTimeout(resolve, 1));
  });
  await page.reload();
  const read = await page.evaluate(() =>
    Promise.all(
      ["model-0", "model-1", "model-2", "model-65"].map((id) =>
        harness.createModelMemory({ modelId: async () => id }).read("calls"),
      ),
    ),
  );
  expect(read).toEqual([undefined, undefined, 2, 65]);
});
