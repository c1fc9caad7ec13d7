import { afterEach, expect, it } from "vitest";
import { kill } from "../../../../src/faults.js";
import { RunRecord } from "../../../../src/ui/record/run-record.js";
import { RunTotals, type Totals } from "../../../../src/ui/totals/run-totals.js";
import { totalFacts } from "../../../../src/ui/totals/totals-text.js";
import { useFakeClock } from "../../../fixtures/fake-clock.js";
import { batch, negate, start, turns } from "../../../fixtures/negating-sharder.js";

const pass = useFakeClock();
let end = new AbortController();
afterEach(() => {
  end.abort();
  end = new AbortController();
});

it("adds up a run: items, elapsed and busy time; and starts over with the next run", async () => {
  const { sharder } = await start(async (request, worker) => {
    await new Promise((done) => setTimeout(done, 10 * request.itemCount));
    return negate(request, worker);
  }, 2);
  const record = new RunRecord(sharder, end.signal);
  const totals = new RunTotals(sharder, record);
  expect(totals.read(performance.now())).toBeUndefined();
  const predict = async (itemCount: number): Promise<void> => {
    let isDone = false;
    const done = sharder.predict(batch(itemCount)).then(() => (isDone = true));
    while (!isDone) await pass(10);
    await done;
  };
  await predict(80);
  const read = totals.read(performance.now() + 60_000)!;
  const [job] = record.jobs.values();
  const elapsedMs = job!.endMs! - job!.startMs;
  expect(read).toMatchObject({
    doneItemCount: 80,
    workerCount: 2,
    isRunning: false,
    retriedItemCount: 0,
    faultCount: 0,
  });
  expect(read.elapsedMs).toBeCloseTo(elapsedMs, 6);
  expect(read.itemsPerSecond).toBeCloseTo(80_000 / elapsedMs, 6);
  const busyMs = [...record.attempts].reduce((sum, { beginMs, endMs }) => sum + endMs - beginMs, 0);
  expect(read.efficiency).toBeCloseTo(busyMs / (2 * elapsedMs), 6);
  expect(read.efficiency).toBeGreaterThan(0.2);
  expect(read.efficiency).toBeLessThanOrEqual(1);

  await pass(2_000);
  await predict(7);
  expect(totals.read(performance.now())!.doneItemCount).toBe(7);
});

it("leaves out what the page itself measures after a run", async () => {
  const { sharder } = await start(negate, 2);
  let isMeasuring = false;
  const record = new RunRecord(sharder, end.signal, () => isMeasuring);
  const totals = new RunTotals(sharder, record);
  await sharder.predict(batch(80));
  await turns(1);
  const before = totals.read(performance.now())!;
  isMeasuring = true;
  await pass(2_000);
  await sharder.predict(batch(24));
  await turns(1);
  expect(record.jobs.size).toBe(2);
  expect(totals.read(performance.now())).toEqual(before);
  expect(before.doneItemCount).toBe(80);
});

it("counts what was done again, and what was recovered from", async () => {
  const { sharder } = await start(negate, 2, { restartDelayMs: () => 1 });
  const record = new RunRecord(sharder, end.signal);
  const totals = new RunTotals(sharder, record);
  const recovered = new Promise<void>((resolve) => {
    sharder.addEventListener("fault", ({ detail }) => detail.recoverMs !== undefined && resolve());
  });
  const predicting = sharder.predict(batch(80));
  await turns(3);
  kill(sharder.workers[0]!.id);
  for (let waits = 0; waits < 20; waits++) await pass(10);
  await Promise.all([predicting, recovered]);
  const read = totals.read(performance.now())!;
  expect(read).toMatchObject({ doneItemCount: 80, faultCount: 1, recoveredCount: 1 });
  const again = [...record.attempts].filter(({ kind }) => kind === "retry");
  expect(read.retriedItemCount).toBe(again.reduce((sum, { itemCount }) => sum + itemCount, 0));
});

it("puts the totals into words", () => {
  const plain = (text: string) => text.replaceAll("\u00a0", " ");
  const totals: Totals = {
    doneItemCount: 100,
    elapsedMs: 10_000,
    isRunning: false,
    itemsPerSecond: 10,
    efficiency: 0.934,
    workerCount: 2,
    retriedItemCount: 3,
    backedUpItemCount: 1,
    faultCount: 2,
    recoveredCount: 2,
  };
  const verification = { checkedShardCount: 1, checkedItemCount: 4, checkMs: 3, wrongCount: 0, workers: {} };
  const words = (onePerSecond: number | undefined) =>
    totalFacts(totals, "tile", onePerSecond, verification).map(({ name, value, detail }) =>
      plain(`${name}: ${value}, ${detail}`),
    );
  expect(words(6)).toEqual([
    "Rate: 10.0 tiles/s, 100 tiles computed in 10.0 s, pauses left out",
    "Efficiency: 93 %, of the time, the 2 workers were computing",
    "Time saved: 6.7 s, one worker alone would need 16.7 s",
    "Computed again: 3 tiles, after a fault; 1 tile on two workers at once, because one was slow",
    "Checked: 4 tiles, computed by a second worker to compare, since the model was loaded; nothing was wrong",
    "Faults: 2, all of them were recovered from",
  ]);
  expect(words(12)[2]).toBe("Time saved: none, one worker alone would need 8.3 s: 1.7 s less");
  expect(words(undefined)[2]).toMatch(/^Time saved: –, known once/);
});
