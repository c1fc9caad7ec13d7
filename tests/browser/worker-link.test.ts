// The contract of links, over real Web Workers.
import { afterAll, beforeAll, expect, it } from "vitest";
import { workerLinkContract } from "../contract/worker-link.js";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

it.each(workerLinkContract)("$title", async ({ title }) => {
  await opened.page.evaluate((title) => harness.runWorkerLinkCase(title), title);
});

it("once the scripts are known to be on the page's own origin, each is started once, and leaves the page's Worker alone", async () => {
  const changeCount = await opened.page.evaluate(async () => {
    const { createSharder, randomNet } = harness;
    const model = randomNet({ seed: 1, size: 4, depth: 1, width: 2 });
    const start = async () => (await createSharder({ model, workers: [{ backend: "cpu" }] })).dispose();
    await start();
    const own = globalThis.Worker;
    let count = 0;
    Object.defineProperty(globalThis, "Worker", { configurable: true, get: () => own, set: () => count++ });
    await start();
    Object.defineProperty(globalThis, "Worker", { configurable: true, writable: true, value: own });
    return count;
  });
  expect(changeCount).toBe(0);
});
