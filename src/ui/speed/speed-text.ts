import { formatCount, formatNumber } from "../parts/format.js";
import { isUnsteady, LEAST_GAIN, ratioTo, whyNoGain, type SpeedResult, type Subject } from "./speed-result.js";

/** Why there is no figure for a sharder of the host's own: other sharders would have to load its model. */
export const UNKNOWN_MODEL =
  "There is no speed-up to measure here: the page has lent its own sharder, and has not said in the attribute “model” where its model is.";

/** "1.9 ×"; two digits are as exact as such a measurement is. */
export function formatRatio(ratio: number): string {
  return `${ratio < 9.95 ? ratio.toFixed(1) : Math.round(ratio)}\u00a0×`;
}

/** The figures in large: how many times as fast, and as what. */
export function speedFigures({ all, one, plain }: SpeedResult): readonly (readonly [ratio: string, than: string])[] {
  const figures = [
    [ratioTo(all, one), "one worker"],
    [ratioTo(all, plain), "plain TF.js"],
  ] as const;
  return figures.flatMap(([ratio, than]) => (ratio === undefined ? [] : [[formatRatio(ratio), than] as const]));
}

/** Where and when, and what can't be claimed. @param workers those that are there now. @param itemShape of the present job's items. */
export function speedNote(result: SpeedResult, workers: readonly string[], itemShape?: string): string {
  const when = new Date(result.measuredAt).toLocaleDateString("en-GB", { dateStyle: "long" });
  const measured = `Measured on this machine on ${when}, with ${countKinds(result.workers)}.`;
  return [measured, ...reservations(result, workers, itemShape)].join(" ");
}

/** What the folded note is called: its gist, where the figures can't be taken as they are. */
export function speedSummary(result: SpeedResult, workers: readonly string[], itemShape?: string): string {
  if (whyNoGain(result) !== undefined) return "Why there is no gain";
  return reservations(result, workers, itemShape).length > 0 ? "What these figures don’t say" : "How it was measured";
}

function reservations(result: SpeedResult, workers: readonly string[], itemShape?: string): string[] {
  const sentences: string[] = [];
  const none = whyNoGain(result);
  if (none !== undefined) sentences.push(`That is no gain over one worker. ${none}`);
  const overPlain = ratioTo(result.all, result.plain);
  if (overPlain !== undefined && overPlain < LEAST_GAIN) sentences.push("It is no faster than plain TF.js here.");
  if (isUnsteady(result)) sentences.push("The runs differ a lot, as something else is busy: measure again later.");
  if (result.plain === undefined) sentences.push(`Plain TF.js could not run this model${because(result.plainProblem)}`);
  const isSame = countKinds(workers) === countKinds(result.workers);
  if (!isSame && workers.length > 0)
    sentences.push(`Now there ${workers.length === 1 ? "is" : "are"} ${countKinds(workers)}: measure again.`);
  if (itemShape !== undefined && itemShape !== result.itemShape) {
    sentences.push(`Its items were ${result.itemShape}, and now they are ${itemShape}: measure again.`);
  }
  return sentences;
}

function because(problem: string | undefined): string {
  return problem === undefined ? "." : `: ${problem}`;
}

/** "2 wasm workers", "1 webgpu and 4 wasm workers". */
export function countKinds(backends: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const backend of backends) counts.set(backend, (counts.get(backend) ?? 0) + 1);
  const kinds = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([backend, count]) => `${count} ${backend}`);
  return `${kinds.join(" and ")} ${backends.length === 1 ? "worker" : "workers"}`;
}

/** The rows of the table behind the figures: what, on what, items per second, lowest to highest, runs. */
export function speedRows(result: SpeedResult): string[][] {
  const subjects: readonly (readonly [string, Subject | undefined])[] = [
    ["All workers", result.all],
    ["One worker", result.one],
    ["Plain TF.js", result.plain],
  ];
  return subjects.flatMap(([title, subject]) => {
    if (subject === undefined) return [];
    const { device, rates, runCount, itemsPerCall } = subject;
    const calls = itemsPerCall === undefined ? "" : `, ${formatCount(itemsPerCall, "item")} per call`;
    const spread = `${formatNumber(rates.min)} to ${formatNumber(rates.max)}`;
    return [[title, `${device}${calls}`, formatNumber(rates.median), spread, String(runCount)]];
  });
}
