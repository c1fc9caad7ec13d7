// The contract of workers with an engine, against every entry that the pool can start. A backend that does not start here fails.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENTRY_NAMES, type EntryName } from "../../src/pool/worker-entries.js";
import { workerApiContract } from "../contract/worker-api.js";
import { openHarness, type OpenPage } from "../harness/launch.js";

/** Pages with and without shared memory; one backend shows what the latter changes. */
const pages: readonly [title: string, isolated: boolean, entries: readonly EntryName[]][] = [
  ["on an isolated page", true, ENTRY_NAMES],
  ["on a page that is not isolated", false, ["tfjs/wasm"]],
];

describe.each(pages)("%s", (_, isolated, entries) => {
  let opened: OpenPage;
  beforeAll(async () => {
    opened = await openHarness({ isolated });
  });
  afterAll(async () => {
    await opened.close();
  });

  describe.each(entries)("a worker of the entry %s", (entry) => {
    it.each(workerApiContract)("$title", async ({ title }) => {
      await opened.page.evaluate(({ entry, title }) => harness.runWorkerApiCase(entry, title), { entry, title });
    });
  });

  it("ran without errors on the page's console", () => {
    expect(opened.errors).toEqual([]);
  });
});
