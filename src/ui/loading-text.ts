import type { LoadingProgress } from "../index.js";
import { formatBytes } from "./parts/format.js";
import type { ProgressText } from "./parts/progress-view.js";

/** How far a model's download and the start of its workers have come. */
export function loadingText({ phase, loadedBytes, totalBytes, fraction }: LoadingProgress): ProgressText {
  if (phase === "workers") return { fraction, headline: "Starting the workers", detail: "" };
  const total = totalBytes === undefined ? "" : ` of ${formatBytes(totalBytes)}`;
  return {
    fraction: totalBytes === undefined ? undefined : fraction,
    headline: "Loading the model",
    detail: `${formatBytes(loadedBytes)}${total}`,
  };
}
