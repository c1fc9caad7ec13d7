// Journals in the real origin-private file system, on a disk.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext } from "playwright";
import { afterAll, beforeAll, expect, it } from "vitest";
import { beginJob, endOfJob, resumeJob, runAndKill, runJob, type JournalJob } from "../harness/journal-runs.js";
import { harnessUrl, openHarness, openProfile } from "../harness/launch.js";

const ITEM_COUNT = 240;

let folder: string;
let context: BrowserContext;
const url = harnessUrl();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "journal-"));
  context = await openProfile(folder);
});
afterAll(async () => {
  await context.close();
  await rm(folder, { recursive: true, force: true });
});

async function openPage() {
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

it.each([
  ["predict", "batch", "crashed"],
  ["stream", "batch", "closed"],
  ["predict", "layers", "crashed"],
] as const)(
  "resumes %s by %s after its tab has %s: the same bytes, nothing recorded is computed again",
  async (kind, split, how) => {
    const job: JournalJob = { kind, split, journal: `killed-${kind}-${split}`, itemCount: ITEM_COUNT };
    const reported = await runAndKill(context, url, job, { afterItemCount: 60 + Math.floor(90 * Math.random()), how });
    const resumed = await runJob(context, url, { ...job, isCompared: true });
    expect(resumed.digest).toBe(resumed.undisturbed);
    const [state, recordedItemCount] = resumed.states[0]!;
    expect(state).toBe("resumed");
    expect(resumed.computedItemCount).toBe(ITEM_COUNT - recordedItemCount);
    // What was reported and not recorded was on its way to the disk.
    expect(recordedItemCount).toBeGreaterThan(0);
    expect(recordedItemCount).toBeGreaterThanOrEqual(reported - 60);
  },
);

it("lists, inspects, exports and deletes journals; another model starts over", async () => {
  const job: JournalJob = { kind: "predict", journal: "managed", itemCount: 20 };
  const first = await runJob(context, url, job);
  expect(first.states).toEqual([["started", 0]]);
  expect(await runJob(context, url, job)).toMatchObject({
    digest: first.digest,
    computedItemCount: 0,
    states: [["resumed", 20]],
  });
  expect((await runJob(context, url, { ...job, seed: 2 })).states).toEqual([["replaced", 0]]);
  const page = await openPage();
  const found = await page.evaluate(async () => {
    const { listJournals, inspectJournal, exportJournal, deleteJournal } = harness;
    const names = (await listJournals()).map(({ name }) => name);
    const info = await inspectJournal("managed");
    const exported = await exportJournal("managed");
    const text = await exported!.slice(0, 32).text();
    const isDeleted = [await deleteJournal("managed"), await deleteJournal("managed")];
    return { names, info, size: exported!.size, text, isDeleted, after: await inspectJournal("managed") };
  });
  expect(found.names[0]).toBe("managed");
  expect(found.info).toMatchObject({
    kind: "predict",
    state: "finished",
    doneItemCount: 20,
    itemCount: 20,
    engine: "tfjs",
  });
  expect(found.size).toBe(found.info!.byteLength);
  expect(found.text.trim()).toBe("inference-sharder journal 1");
  expect(found.isDeleted).toEqual([true, false]);
  expect(found.after).toBeUndefined();
  await expect.poll(() => page.workers().length).toBe(0);
  await page.close();
});

it("lets a second tab wait for the first, or reject, and then gives it the same result without computing", async () => {
  const job: JournalJob = { kind: "predict", journal: "shared", itemCount: ITEM_COUNT };
  const [first, second, third] = await Promise.all([openPage(), openPage(), openPage()]);
  await beginJob(first, { ...job, isPaused: true });
  await beginJob(second, job);
  const refused = await third.evaluate(async () => {
    const { createSharder, randomNet, float32, failureOf } = harness;
    const sharder = await createSharder({ model: randomNet({ seed: 1 }), workers: [{ backend: "cpu" }] });
    const busy = await failureOf(() =>
      sharder.predict(float32([1, 8, 8, 3]), { journal: { name: "shared", ifBusy: "fail" } }),
    );
    const controller = new AbortController();
    sharder.addEventListener("journal", () => controller.abort());
    const { signal } = controller;
    const aborted = await failureOf(() => sharder.predict(float32([1, 8, 8, 3]), { journal: "shared", signal }));
    const deleting = await failureOf(() => harness.deleteJournal("shared"));
    await sharder.dispose();
    return [busy?.code, aborted?.code, deleting?.code];
  });
  expect(refused).toEqual(["journal-busy", "aborted", "journal-busy"]);
  await resumeJob(first);
  const [one, other] = await Promise.all([endOfJob(first), endOfJob(second)]);
  expect(one.states).toEqual([["started", 0]]);
  expect(other).toMatchObject({
    digest: one.digest,
    computedItemCount: 0,
    states: [
      ["waiting", 0],
      ["resumed", ITEM_COUNT],
    ],
  });
  await Promise.all([first, second, third].map((page) => page.close()));
});

it("says so and goes on where there is no such file system", async () => {
  const opened = await openHarness();
  const seen = await opened.page.evaluate(async () => {
    const { createSharder, randomNet, float32 } = harness;
    const sharder = await createSharder({ model: randomNet({ seed: 1 }), workers: [{ backend: "cpu" }] });
    const seen: string[] = [];
    sharder.addEventListener("journal", ({ detail }) => seen.push(detail.state));
    sharder.addEventListener("fault", ({ detail }) => seen.push(`${detail.cause}: ${detail.message}`));
    // As in a page that is not secure.
    Object.defineProperty(crypto, "subtle", { value: undefined });
    const { features } = await sharder.predict(float32([2, 8, 8, 3]), { journal: "nowhere" });
    await sharder.dispose();
    return [...seen, features!.shape[0]];
  });
  expect(seen).toEqual([expect.stringMatching(/^storage: .*without its journal "nowhere".*HTTPS/), "unavailable", 2]);
  expect(opened.errors).toEqual([]);
  await opened.close();
});

it("lists and exports journals that are written to meanwhile", async () => {
  const [writer, reader] = await Promise.all([openPage(), openPage()]);
  // It goes on once the reader has found its journal: a quick machine could be ready before.
  await beginJob(writer, { kind: "stream", journal: "written", itemCount: 1_000, isPaused: true });
  await reader.exposeFunction("resumeWriter", () => resumeJob(writer));
  const seen = await reader.evaluate(async () => {
    const { resumeWriter } = globalThis as unknown as { resumeWriter: () => Promise<void> };
    const { inspectJournal, exportJournal } = harness;
    const counts: number[] = [];
    for (let state = ""; state !== "finished"; await new Promise((resolve) => setTimeout(resolve, 1))) {
      const info = await inspectJournal("written");
      state = info?.state ?? "";
      if (info === undefined) continue;
      counts.push(info.doneItemCount);
      await exportJournal("written");
      if (counts.length === 1) await resumeWriter();
    }
    return counts;
  });
  expect(seen.some((count) => count < 1_000)).toBe(true);
  expect(seen.at(-1)).toBe(1_000);
  await endOfJob(writer);
  await Promise.all([writer, reader].map((page) => page.close()));
});
