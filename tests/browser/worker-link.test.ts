// The contract of links, over real Web Workers.
import { afterAll, beforeAll, it } from "vitest";
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
