// The contract of workers with an engine, against every entry that the pool can start. A backend that does not start here fails.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENTRY_NAMES, type EntryName } from "../../src/pool/worker-entries.js";
import { workerApiContract } from "../contract/worker-api.js";
import { openOipServer, PLUS_ONE, type OipServer } from "../fixtures/oip-server.js";
import { openHarness, type OpenPage } from "../harness/launch.js";

/** Pages with and without shared memory; one backend shows what the latter changes. */
const pages: readonly [title: string, isolated: boolean, entries: readonly EntryName[]][] = [
  ["on an isolated page", true, ENTRY_NAMES],
  ["on a page that is not isolated", false, ["tfjs/wasm"]],
];

describe.each(pages)("%s", (_, isolated, entries) => {
  let opened: OpenPage;
  let server: OipServer;
  beforeAll(async () => {
    server = await openOipServer({ models: { "plus-one": PLUS_ONE } });
    opened = await openHarness({ isolated, namesRemotes: entries.includes("remote/remote") });
  });
  afterAll(async () => {
    await opened.close();
    await server.close();
  });

  describe.each(entries)("a worker of the entry %s", (entry) => {
    it.each(workerApiContract)("$title", async ({ title }) => {
      const url = entry === "remote/remote" ? server.url("plus-one") : undefined;
      const run = { entry, title, url };
      await opened.page.evaluate(({ entry, title, url }) => harness.runWorkerApiCase(entry, title, url), run);
    });
  });

  it("ran without errors on the page's console", () => {
    expect(opened.errors).toEqual([]);
  });
});
