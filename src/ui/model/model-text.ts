import type { OptimizationKind, OptimizationReport, TensorSpec } from "../../index.js";
import { loadingText } from "../loading-text.js";
import { leftText } from "../numbers/left-text.js";
import type { LiveNumbers } from "../numbers/live-numbers.js";
import { formatCount, formatDuration, formatNumber, formatRate } from "../parts/format.js";
import type { ProgressText } from "../parts/progress-view.js";
import type { ModelRun } from "./model-run.js";
import type { ModelSession } from "./model-session.js";

/** "n × 224 × 224 × 3"; "?" stands for a free size. */
export function formatShape(shape: TensorSpec["shape"]): string {
  if (shape === undefined) return "any shape";
  if (shape.length === 0) return "scalar";
  return shape.map((size, axis) => (size !== -1 ? String(size) : axis === 0 ? "n" : "?")).join("\u00a0×\u00a0");
}

/** At most four digits, for a table: 0.9731, 12.5, −3, 1.2e-7, NaN. */
export function formatValue(value: number | string): string {
  if (typeof value === "string") return value.length > 60 ? `“${value.slice(0, 60)}…”` : `“${value}”`;
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value).replace("-", "−");
  const short = String(Number(value.toPrecision(4)));
  return short.replace("Infinity", "∞").replace(/^-/, "−");
}

/** "1.14 GFLOP": operations per item. A multiplication with an addition counts as two. */
export function formatFlops(flops: number): string {
  const steps: readonly (readonly [number, string])[] = [
    [1e9, "GFLOP"],
    [1e6, "MFLOP"],
    [1e3, "kFLOP"],
  ];
  const [size, unit] = steps.find(([least]) => flops >= least) ?? [1, "FLOP"];
  return `${formatNumber(flops / size)}\u00a0${unit}`;
}

/** @param hasInputs whether an input has been chosen. @param numbers how fast the workers are. @param waiting what has been chosen for a model that is still missing. */
export function modelProgressText(
  session: ModelSession,
  hasInputs: boolean,
  numbers: LiveNumbers | undefined,
  waiting: string,
): ProgressText {
  const { activity, run, sharder } = session;
  if (activity?.kind === "loading") {
    if (activity.progress !== undefined) return loadingText(activity.progress);
    return { fraction: undefined, headline: "Loading the model", detail: "" };
  }
  if (activity?.kind === "inspecting") {
    return { fraction: undefined, headline: "Measuring the layers", detail: "" };
  }
  if (run !== undefined) return runText(run, session.modelName, numbers);
  if (sharder === undefined && waiting !== "") {
    return { fraction: 0, headline: "Now load a model", detail: `Ready for it: ${waiting}.` };
  }
  if (sharder === undefined) {
    return { fraction: 0, headline: "No model yet", detail: "Enter its address, or choose or drop its files." };
  }
  const detail = hasInputs ? "" : "Choose what to run it on: pictures, files of numbers, or random numbers.";
  return { fraction: 0, headline: `Ready to run ${session.modelName}`, detail };
}

function runText(
  { itemCount, doneItemCount, refusedItemCount, outcome, stopwatch }: ModelRun,
  name: string,
  numbers: LiveNumbers | undefined,
): ProgressText {
  const seconds = Math.max(1e-3, stopwatch.elapsedMs / 1e3);
  const rate = doneItemCount / seconds;
  const perSecond = formatRate(doneItemCount === 0 ? undefined : rate, "items");
  const refused = refusedItemCount === 0 ? [] : [`${refusedItemCount} failed`];
  const fraction = itemCount === 0 ? 0 : doneItemCount / itemCount;
  const done = `${doneItemCount} of ${formatCount(itemCount, "item")}`;
  switch (outcome) {
    case "running": {
      const leftCount = itemCount - doneItemCount;
      const left = leftText(numbers?.timeLeft(leftCount) ?? { kind: "unknown" }, leftCount, "item");
      const now = formatRate(numbers?.at().itemsPerSecond, "items");
      return { fraction, headline: `Running ${name}`, detail: [done, ...refused, now, left].join(" · ") };
    }
    case "paused":
      return { fraction, headline: "Paused", detail: [done, ...refused].join(" · ") };
    case "done": {
      const took = `${formatCount(itemCount, "item")} in ${formatDuration(stopwatch.elapsedMs)}`;
      return { fraction, headline: `Done: ${name}`, detail: [took, ...refused, perSecond].join(" · "), isOver: true };
    }
    case "cancelled":
      return { fraction, headline: "Cancelled", detail: [done, ...refused].join(" · "), isOver: true };
    case "failed":
      return { fraction, headline: "Failed", detail: [done, ...refused].join(" · "), isOver: true };
  }
}

const OPTIMIZATIONS: Readonly<Record<OptimizationKind, readonly [one: string, many: string]>> = {
  "batch-normalizations-folded": ["batch normalisation folded", "batch normalisations folded"],
  "scales-and-shifts-folded": ["scale or shift folded", "scales and shifts folded"],
  "biases-fused": ["bias fused", "biases fused"],
  "activations-fused": ["activation fused", "activations fused"],
  "recurrences-recognized": ["recurrent layer recognised", "recurrent layers recognised"],
  "identities-dropped": ["identity dropped", "identities dropped"],
  "paddings-folded": ["padding folded", "paddings folded"],
  "prelus-recognized": ["parametric ReLU recognised", "parametric ReLUs recognised"],
  "einsums-lowered": ["einsum lowered", "einsums lowered"],
  "fused-operations-split": ["fused operation split", "fused operations split"],
  "constants-folded": ["constant folded", "constants folded"],
};

/** One line for each kind of change that the optimiser made. */
export function optimizationLines({ done }: OptimizationReport): string[] {
  return Object.entries(OPTIMIZATIONS).flatMap(([kind, [one, many]]) => {
    const count = done[kind as OptimizationKind];
    return count > 0 ? [formatCount(count, one, many)] : [];
  });
}
