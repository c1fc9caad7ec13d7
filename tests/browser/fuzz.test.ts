// Damaged models in a real page: each ends in a ShardError, or in a sharder that computes or says why it can't.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { FuzzOutcome } from "../harness/fuzz-model.js";
import { fuzzCases } from "../fuzz/cases.js";
import { serveCases, type FuzzServer } from "../fuzz/server.js";
import { openHarness, type OpenPage } from "../harness/launch.js";

/** Limit for each case. A late case is retried alone with twice the limit, since the machine may be busy. */
const LIMIT_MS = 5_000;
/** Cases that run at once: as many as the smallest test machine has cores. */
const LANE_COUNT = 2;

const cases = fuzzCases();
let server: FuzzServer;
let opened: OpenPage;
beforeAll(async () => {
  [server, opened] = await Promise.all([serveCases(cases), openHarness()]);
});
afterAll(async () => {
  await Promise.all([server.close(), opened.close()]);
});

/** Peak memory of the page's process, workers included. On systems other than Linux: its current heap. */
async function peakBytes(): Promise<number> {
  const session = await opened.browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  if (process.platform !== "linux") {
    return opened.page.evaluate(
      () => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize,
    );
  }
  const peaks = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id }) => 1024 * Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1]));
  return Math.max(...peaks);
}

it(`${cases.length} damaged models each end in a ShardError, or run`, { timeout: 300_000 }, async () => {
  const crashed = new Promise<never>((_, reject) =>
    opened.page.once("crash", () => reject(new Error("the page crashed"))),
  );
  crashed.catch(() => {});
  const bytesBefore = await peakBytes();
  const outcomes: FuzzOutcome[] = [];
  const run = async (index: number, limitMs: number): Promise<void> => {
    server.prepare(index);
    const request = { url: server.urlOf(index), optimize: index % 3 > 0, limitMs };
    const running = opened.page.evaluate((each) => harness.runDamaged(each), request);
    outcomes[index] = await Promise.race([running, crashed]);
  };
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < cases.length) await run(next++, LIMIT_MS);
  };
  await Promise.all(Array.from({ length: LANE_COUNT }, lane));
  for (const [index, { end }] of outcomes.entries()) if (end === "late") await run(index, 2 * LIMIT_MS);
  const wrong = outcomes.flatMap(({ failure }, index) =>
    failure === undefined ? [] : `${cases[index]!.name}: ${failure}`,
  );
  const count = (end: FuzzOutcome["end"]): number => outcomes.filter((outcome) => outcome.end === end).length;
  expect(wrong).toEqual([]);
  // The browser itself logs a fetch that fails or that it forbids.
  const isFetch = /^console: (Failed to load resource|Fetch API cannot load|Not allowed to load local resource)/;
  expect(opened.errors.filter((error) => !isFetch.test(error))).toEqual([]);
  expect(cases.length).toBeGreaterThanOrEqual(500);
  expect(count("refused")).toBeGreaterThan(cases.length / 4);
  expect(count("computed")).toBeGreaterThan(0);
  expect(count("not tried")).toBeLessThan(cases.length / 20);
  expect(await peakBytes()).toBeLessThan(bytesBefore + 2 ** 30);
});
