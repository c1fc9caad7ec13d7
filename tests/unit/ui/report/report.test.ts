import { describe, expect, it } from "vitest";
import type { AttemptDetail, FaultDetail } from "../../../../src/index.js";
import { escapeMarkup, html } from "../../../../src/ui/report/markup.js";
import { reportHtml } from "../../../../src/ui/report/report-html.js";
import { buildReport, type ReportSource } from "../../../../src/ui/report/report.js";
import { DEFAULT_SETTINGS } from "../../../../src/ui/settings/settings.js";
import type { SpeedResult } from "../../../../src/ui/speed/speed-result.js";

const evil = `<img src=x onerror="alert('1')">&`;

const rates = (median: number) => ({ min: median * 0.9, median, max: median * 1.1 });
const speed: SpeedResult = {
  measuredAt: "2026-03-01T12:00:00.000Z",
  modelName: "m",
  itemCount: 12,
  itemShape: "96 × 96 × 3",
  coreCount: 4,
  workers: ["wasm", "wasm"],
  all: { device: "wasm, wasm", rates: rates(19), runCount: 3 },
  one: { device: evil, rates: rates(10), runCount: 3 },
  plain: { device: "wasm", rates: rates(6), runCount: 3, itemsPerCall: 8 },
};

const attempt = (
  jobId: number,
  workerId: string,
  firstItem: number,
  endMs: number,
  more: Partial<AttemptDetail> = {},
) => ({
  detail: {
    jobId,
    workerId,
    firstItem,
    itemCount: 2,
    outcome: "completed",
    latencyMs: 100,
    serviceMs: 50,
    ...more,
  } as AttemptDetail,
  endMs,
});

const source = {
  sharder: {
    model: {
      format: "graph-model",
      layerCount: 3,
      weightBytes: 1234,
      batchMode: "batched",
      inputs: [{ name: evil, shape: [-1, 2], dtype: "float32" }],
      outputs: [],
    },
    workers: [
      { id: "wasm-1", backend: "wasm", device: evil, state: "ready", restarts: 1 },
      { id: "wasm-2", backend: "wasm", device: undefined, state: "dead", restarts: 0 },
    ],
    plan: { split: "batch", shares: {} },
  } as unknown as ReportSource["sharder"],
  modelName: evil,
  attempts: [
    attempt(1, "wasm-1", 0, 1_100),
    attempt(1, "wasm-2", 2, 1_200, { outcome: "failed" }),
    attempt(1, "wasm-1", 2, 2_000),
    attempt(2, "wasm-1", 0, 9_000),
  ],
  faults: [{ cause: "threw", workerId: "wasm-2", action: "retried", message: evil, recoverMs: 5 } as FaultDetail],
  settings: DEFAULT_SETTINGS,
  speed,
  machine: { coreCount: 4, browser: evil, isIsolated: true },
  now: new Date("2026-03-01T12:34:56Z"),
} satisfies ReportSource;

describe("a report", () => {
  it("shows the largest job, by the worker's own times, and who made what", () => {
    const { job, workers, createdAt } = buildReport(source);
    expect(createdAt).toBe("2026-03-01T12:34:56.000Z");
    // From the first sending, at 1000 ms, to the last end, at 2000 ms.
    expect(job).toMatchObject({ itemCount: 4, durationMs: 1_000, itemsPerSecond: 4 });
    expect(job?.attempts.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [50, 100],
      [150, 200],
      [950, 1_000],
    ]);
    expect(workers.map(({ id, shardCount, itemCount, busyMs }) => [id, shardCount, itemCount, busyMs])).toEqual([
      ["wasm-1", 2, 4, 100],
      ["wasm-2", 0, 0, 0],
    ]);
  });

  it("counts all of a long job, though it lists only the latest attempts", () => {
    const attempts = Array.from({ length: 6_000 }, (_, i) => attempt(1, "wasm-1", 2 * i, 1_000 + 50 * i));
    const report = buildReport({ ...source, attempts });
    expect(report.job).toMatchObject({ itemCount: 12_000, attemptCount: 6_000 });
    expect(report.job?.attempts).toHaveLength(5_000);
    expect(report.workers[0]).toMatchObject({ shardCount: 6_000, itemCount: 12_000, busyMs: 300_000 });
    const page = reportHtml(report);
    expect(page).toMatch(/The plots show the last 5000\sattempts of 6000\./);
    // The line of the throughput has no empty part where the attempts are no longer known.
    const [, line = ""] = /class="rate" d="([^"]+)"/.exec(page) ?? [];
    const heights = line
      .split(/[ML]/)
      .slice(1)
      .map((point) => Number(point.split(" ")[1]));
    expect(Math.max(...heights) - Math.min(...heights)).toBeLessThan(3);
  });

  it("counts only what left the last stage", () => {
    const stages = [attempt(1, "a", 0, 500, { stage: 0 }), attempt(1, "b", 0, 600, { stage: 1 })];
    expect(buildReport({ ...source, attempts: stages }).job?.itemCount).toBe(2);
  });

  it("says that nothing was run or measured where that is so", () => {
    const report = buildReport({ ...source, attempts: [], speed: undefined });
    expect([report.job, report.speed]).toEqual([null, null]);
    expect(reportHtml(report)).toMatch(/not compared with plain TF\.js[^]*No job was run/);
  });

  it("survives JSON", () => {
    const report = buildReport(source);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});

describe("its page", () => {
  const page = reportHtml(buildReport(source));

  it("escapes everything that comes from elsewhere", () => {
    expect(page).not.toContain("<img");
    expect(page.split(escapeMarkup(evil)).length).toBeGreaterThan(5);
  });

  it("needs no script and no network, and has no gaps", () => {
    expect(page).not.toMatch(/<script|https?:|url\(|@import/i);
    expect(page).not.toMatch(/NaN|undefined|\[object/);
  });

  it("says when the plots begin and end", () => {
    expect(page).toMatch(/>0 s<[^]*text-anchor="end">1\.0\ss</);
  });

  it("shows the figures, and a box for each attempt", () => {
    expect(page).toMatch(/<strong>1\.9\s×<\/strong> one worker[^]*<strong>3\.2\s×<\/strong> plain TF\.js/);
    expect(page.match(/<title>wasm-/g)).toHaveLength(3);
  });
});

it("escapes what is inserted into markup, once", () => {
  expect(html`<b>${"<"}</b>${[html`<i>${1}</i>`]}`.text).toBe("<b>&lt;</b><i>1</i>");
});
