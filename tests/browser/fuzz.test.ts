// Damaged models in a real page: each ends in a ShardError, or in a sharder that computes or says why it can't.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { FuzzOutcome } from "../harness/fuzz-model.js";
import { fuzzCases } from "../fuzz/cases.js";
import { containerCases } from "../fuzz/container-cases.js";
import { sampleOf } from "../fixtures/sample-of.js";
import { serveCases, type FuzzServer } from "../fuzz/server.js";
import { openHarness, type OpenPage } from "../harness/launch.js";
import { processBytes } from "../harness/process-memory.js";

/** Limit for each case. A late case is retried alone with twice the limit, since the machine may be busy. */
const LIMIT_MS = 5_000;
/** Cases that run at once: as many as the smallest test machine has cores. */
const LANE_COUNT = 2;

/** Stands in for the module that holds libhdf5. */
const HANGING_HDF5 = `
  const FS = { mkdir() {}, mount() {}, writeFile() {}, filesystems: {} };
  const open = () => { for (;;); };
  export const ready = Promise.resolve({ FS, open, activate_throwing_error_handler() {} });
`;

const all = fuzzCases();
const cases = sampleOf(all, 8);
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
  const heap = (): number => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize;
  return (await processBytes(opened, "peak")) ?? opened.page.evaluate(heap);
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
    const request = { model: server.urlOf(index), optimize: index % 3 > 0, limitMs };
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
  expect(all.length).toBeGreaterThanOrEqual(500);
  expect(count("refused")).toBeGreaterThan(cases.length / 4);
  expect(count("computed")).toBeGreaterThan(0);
  expect(count("not tried")).toBeLessThan(cases.length / 20);
  expect(await peakBytes()).toBeLessThan(bytesBefore + 2 ** 30);
});

const files = sampleOf(
  containerCases().filter(({ name }, index) => !/random \d+$/.test(name) || index % 7 === 0),
  3,
);

it(
  `${files.length} damaged .h5, .keras and zip files each end in a ShardError, or run`,
  { timeout: 300_000 },
  async () => {
    const bytesBefore = await peakBytes();
    const wrong: string[] = [];
    let refusedCount = 0;
    for (const { name, fileName, make } of files) {
      const model = { name: fileName, base64: Buffer.from(make()).toString("base64") };
      const request = { model, optimize: true, limitMs: LIMIT_MS };
      let outcome = await opened.page.evaluate((each) => harness.runDamaged(each), request);
      // The machine may be busy.
      if (outcome.end === "late") outcome = await opened.page.evaluate((each) => harness.runDamaged(each), request);
      if (outcome.failure !== undefined) wrong.push(`${name}: ${outcome.failure}`);
      if (outcome.end === "refused") refusedCount++;
    }
    expect(wrong).toEqual([]);
    expect(files.length).toBeGreaterThanOrEqual(13);
    expect(refusedCount).toBeGreaterThan(files.length / 2);
    await expect.poll(() => opened.page.workers().length).toBe(0);
    expect(await peakBytes()).toBeLessThan(bytesBefore + 2 ** 30);
  },
);

it("a file that makes the reader hang is refused within five seconds, and the worker ends", async () => {
  const base64 = readFileSync("tests/fixtures/keras-files/keras2.h5").toString("base64");
  // A reader that never answers, as a file with an endless loop in it would make it.
  await opened.page.route(/\/hdf5[^/]*\.js$/, (route) =>
    route.fulfill({ contentType: "text/javascript", body: HANGING_HDF5 }),
  );
  const request = { model: { name: "m.h5", base64 }, optimize: true, limitMs: 6_000 };
  const outcome = await opened.page.evaluate((each) => harness.runDamaged(each), request);
  await opened.page.unrouteAll();
  expect(outcome).toMatchObject({ end: "refused", failure: undefined });
  expect(outcome.ms).toBeGreaterThan(3_000);
  expect(outcome.ms).toBeLessThan(5_000);
  await expect.poll(() => opened.page.workers().length).toBe(0);
});
