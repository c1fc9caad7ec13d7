import type { Sharder } from "../../index.js";
import type { Numbers } from "../numbers/live-numbers.js";
import { formatRate } from "../parts/format.js";
import type { Mark } from "./marks.js";
import { formatClock } from "./throughput-chart.js";
import type { PresentRate, ThroughputSeries, ThroughputTable } from "./throughput-series.js";

type Unit = "items" | "tiles";

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

/** The chart in one sentence. */
export function summarise({ total }: ThroughputTable, nowPerSecond: number | undefined, unit: Unit): string {
  if (total.length === 0) return "Nothing has been measured yet.";
  const most = Math.max(...total);
  const mean = total.reduce((sum, value) => sum + value, 0) / total.length;
  return `Now ${formatRate(nowPerSecond, unit)}; ${formatRate(mean, unit)} on average, ${formatRate(most, unit)} at most.`;
}

/** What was at a moment: "1:05: 8.20 tiles/s (wasm-1 4.10, wasm-2 4.10) · wasm-2 was restarted". */
export function chartMoment(
  { seconds, total, byWorker }: ThroughputTable,
  moment: number,
  marks: readonly Mark[],
  unit: Unit,
): string {
  const after = seconds.findIndex((each) => each >= moment);
  const index = after < 0 ? seconds.length - 1 : after;
  if (index < 0) return "";
  const plain = (value: number): string => formatRate(value, unit).split("\u00a0")[0]!;
  const workers = [...byWorker].map(([id, rates]) => `${id} ${plain(rates[index]!)}`).join(", ");
  const rates = `${formatClock(moment)}: ${formatRate(total[index], unit)} (${workers})`;
  return [rates, ...marks.map(({ text }) => text)].join(" · ");
}
