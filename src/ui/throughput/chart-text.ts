import type { Sharder } from "../../index.js";
import type { ItemWord } from "../dashboard/panel.js";
import type { Numbers } from "../numbers/live-numbers.js";
import { formatRate } from "../parts/format.js";
import type { PresentRate, ThroughputSeries, ThroughputTable } from "./throughput-series.js";

type Unit = "items" | "tiles";

/** What rates count. */
export function unitOf(one: ItemWord): Unit {
  return one === "tile" ? "tiles" : "items";
}

/** What each worker that is on something appears to do, by id. */
export function presentRates(
  { workers, plan }: Pick<Sharder, "workers" | "plan">,
  numbers: Numbers,
  series: ThroughputSeries,
): Map<string, PresentRate> {
  const outputting = plan.split === "batch" ? undefined : plan.stages.at(-1)?.workerIds;
  return new Map(
    workers.flatMap(({ id, underWay }) => {
      const sinceMs = series.latestMsOf(id);
      if (underWay.length === 0 || sinceMs === undefined) return [];
      const itemsPerSecond = numbers.workers.get(id)?.itemsPerSecond ?? 0;
      return [[id, { itemsPerSecond, sinceMs, isLast: outputting?.includes(id) ?? true }] as const];
    }),
  );
}

/** The chart in one sentence. @param nowPerSecond `undefined` while nothing runs. */
export function summarise({ total, meanTotal }: ThroughputTable, nowPerSecond: number | undefined, unit: Unit): string {
  if (total.length === 0) {
    return meanTotal === 0
      ? "Nothing has been measured yet."
      : `${formatRate(meanTotal, unit)} on average. A longer run is drawn as a line.`;
  }
  const most = Math.max(...total);
  const now = nowPerSecond === undefined ? "" : `Now ${formatRate(nowPerSecond, unit)}; `;
  return `${now}${formatRate(meanTotal, unit)} on average, ${formatRate(most, unit)} at most.`;
}

/** What was at a moment, ms since the series began: "8.20 tiles/s (wasm-1 4.10, wasm-2 4.10)". */
export function chartMoment({ middlesMs, total, byWorker }: ThroughputTable, atMs: number, unit: Unit): string {
  const [first] = middlesMs;
  if (first === undefined) return "";
  const binMs = middlesMs.length > 1 ? middlesMs[1]! - first : 1;
  const index = Math.max(0, Math.min(middlesMs.length - 1, Math.round((atMs - first) / binMs)));
  const plain = (value: number): string => formatRate(value, unit).split("\u00a0")[0]!;
  const workers = [...byWorker].map(([id, rates]) => `${id} ${plain(rates[index]!)}`).join(", ");
  return `${formatRate(total[index], unit)} (${workers})`;
}
