import { afterEach, expect, it } from "vitest";
import { kill } from "../../../../src/faults.js";
import { RunRecord } from "../../../../src/ui/record/run-record.js";
import { layOutLanes, boxTopPx, rowAt } from "../../../../src/ui/timeline/lane-layout.js";
import { summariseLanes } from "../../../../src/ui/timeline/lane-summary.js";
import { absencesOf, marksOf, pausesOf, thinned } from "../../../../src/ui/timeline/marks.js";
import { workUnderWay } from "../../../../src/ui/timeline/under-way.js";
import { describeAttempt, describeMark, describeUnderWay } from "../../../../src/ui/timeline/words.js";
import { attemptDetail } from "../../../fixtures/attempt-details.js";
import { batch, negate, start, turns } from "../../../fixtures/negating-sharder.js";
import { AttemptLog } from "../../../../src/ui/record/attempt-log.js";

const end = new AbortController();
afterEach(() => end.abort());
const plain = (text: string) => text.replaceAll("\u00a0", " ");

it("a run with a crash and a pause has its marks, absences, pauses and numbers", async () => {
  const { sharder } = await start(
    async (request, worker) => {
      await turns(1);
      return negate(request, worker);
    },
    2,
    { restartDelayMs: () => 1 },
  );
  const record = new RunRecord(sharder, end.signal);
  const recovered = new Promise<void>((resolve) => {
    sharder.addEventListener("fault", ({ detail }) => detail.recoverMs !== undefined && resolve());
  });
  const predicting = sharder.predict(batch(120));
  sharder.pause();
  await turns(2);
  sharder.resume();
  const { id } = sharder.workers[0]!;
  kill(id);
  await Promise.all([predicting, recovered]);
  await turns(1);
  const all = { fromMs: 0, toMs: Infinity };
  const marks = marksOf(record, all);
  const faults = marks.filter(({ kind }) => kind !== "rebalance");
  expect(faults.map(({ kind, workerId }) => [kind, workerId])).toEqual([
    ["fault", id],
    ["recovery", id],
  ]);
  expect(marksOf(record, { fromMs: 0, toMs: record.startMs })).toEqual([]);
  const texts = faults.map((mark) => plain(describeMark(mark, record, "tile")));
  expect(texts[0]).toMatch(/^wasm-\d+ ended unexpectedly: it is being restarted/);
  expect(texts[1]).toMatch(/^wasm-\d+ is back after \d+ ms/);
  const absences = absencesOf(record, all);
  expect(absences.map(({ workerId, state }) => [workerId, state])).toEqual([[id, "restarting"]]);
  expect(absences[0]!.toMs).toBeLessThan(Infinity);
  expect(pausesOf(record, all)).toHaveLength(1);
  const lanes = summariseLanes(record, record.workerIds, 0, Infinity);
  const sum = (key: "attemptCount" | "itemCount" | "restartCount") =>
    lanes.reduce((total, lane) => total + lane[key], 0);
  expect(sum("attemptCount")).toBe(record.attempts.total);
  expect(sum("itemCount")).toBe(120);
  expect(sum("restartCount")).toBe(1);
  const busyMs = [...record.attempts].reduce(
    (total, { beginMs, endMs, outcome }) => total + (outcome === "cancelled" ? 0 : endMs - beginMs),
    0,
  );
  expect(lanes.reduce((total, lane) => total + lane.busyMs, 0)).toBeCloseTo(busyMs);
});

it("knows what each worker is on, and since when", async () => {
  const { sharder } = await start(() => new Promise(() => {}), 2);
  const record = new RunRecord(sharder, new AbortController().signal);
  expect(workUnderWay(sharder, record).size).toBe(0);
  const beganMs = performance.now();
  void sharder.predict(batch(40)).catch(() => {});
  await turns(5);
  const works = workUnderWay(sharder, record);
  expect([...works.keys()]).toEqual(sharder.workers.map(({ id }) => id));
  const [id, work] = [...works][0]!;
  expect(work.beginMs).toBeGreaterThanOrEqual(beganMs);
  const text = plain(
    describeUnderWay(id, { ...work, stage: 1, firstItem: 3, itemCount: 2 }, work.beginMs + 1_500, "tile"),
  );
  expect(text).toBe(`${id} is on 2 tiles (numbers 3–4) in stage 2, for 1.5 s so far.`);
});

it("leaves out marks that would hide each other, but no other kind", () => {
  const mark = (kind: "fault" | "rebalance", atMs: number) => ({ kind, atMs, workerId: undefined, index: 0 });
  const marks = [
    mark("rebalance", 0),
    mark("fault", 1),
    mark("rebalance", 5),
    mark("rebalance", 12),
    mark("fault", 50),
  ];
  expect(thinned(marks, 10).map(({ kind, atMs }) => [kind, atMs])).toEqual([
    ["rebalance", 0],
    ["fault", 1],
    ["rebalance", 12],
    ["fault", 50],
  ]);
});

it("lanes are found again where they are drawn, on wide and narrow canvases", () => {
  for (const widthPx of [320, 1_200]) {
    const layout = layOutLanes(widthPx, 3);
    expect(layout.leftPx + layout.timePx).toBeLessThanOrEqual(widthPx);
    for (const row of [0, 1, 2]) {
      expect(rowAt(layout, boxTopPx(layout, row))).toBe(row);
      expect(rowAt(layout, boxTopPx(layout, row) + layout.boxPx - 1)).toBe(row);
    }
    expect(rowAt(layout, layout.headPx - 1)).toBe(-1);
    expect(rowAt(layout, layout.heightPx)).toBeUndefined();
  }
});

it.each([
  [{}, "wasm-1: 4 tiles (numbers 0–3) in 10 ms."],
  [
    { itemCount: 1, firstItem: 7, stage: 1, latencyMs: 40, predictedMs: 12, kind: "retry" },
    "wasm-1: 1 tile (number 7) in stage 2 in 10 ms, predicted 12 ms, after waiting 30 ms. A retry: an earlier attempt at these had failed.",
  ],
  [
    { outcome: "lost", kind: "backup", serviceMs: undefined },
    "wasm-1: 4 tiles (numbers 0–3) for 10 ms. A backup: another worker was taking too long. It was lost: the worker ended.",
  ],
] as const)("%#: says what an attempt was", (change, text) => {
  const log = new AttemptLog();
  log.add(attemptDetail(change), 1_000);
  expect(plain(describeAttempt(log.at(0)!, "tile"))).toBe(text);
});
