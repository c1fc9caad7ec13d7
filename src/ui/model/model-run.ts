import type { LoadingProgress } from "../../index.js";
import { Stopwatch } from "../parts/stopwatch.js";
import { itemCountOfRun, type LoadRequest, type RunRequest } from "./model-request.js";
import { OutputStore } from "./outputs/output-store.js";
import { itemNameOf, type ItemRow } from "./run-model.js";

/** What the session reports to the page. */
export interface ModelSessionListener {
  /** The session has started something, or has become idle. */
  onActivity(): void;
  /** The current activity has progressed. */
  onProgress(): void;
  /** Another model, or other labels, have been loaded. */
  onModel(): void;
  /** More is known about the model, or there is a new notice. */
  onInspected(): void;
  /** A run starts; the rows of the previous run are out of date. */
  onRun(): void;
  /** What is needed to resume the run after a reload should be kept: its results are being recorded. */
  onRecorded(loaded: LoadRequest, request: RunRequest): void;
  /** The run is done or was cancelled, so that there is nothing to resume. */
  onSettled(): void;
  onRow(row: ItemRow): void;
  /** @param thrown what made a load or a run fail. */
  onFailure(title: string, message: string, thrown?: unknown): void;
}

export type ModelActivity =
  | { readonly kind: "loading"; readonly progress: LoadingProgress | undefined }
  | { readonly kind: "inspecting" }
  | { readonly kind: "running"; readonly run: ModelRun };

/** One run of the model, as the panels show it. Only `ModelSession` changes it. */
export interface ModelRun {
  readonly request: RunRequest;
  readonly stopwatch: Stopwatch;
  /** The outputs of the items so far. */
  readonly store: OutputStore;
  readonly itemCount: number;
  doneItemCount: number;
  refusedItemCount: number;
  outcome: "running" | "paused" | "done" | "cancelled" | "failed";
}

export function newRun(request: RunRequest): ModelRun {
  return {
    request,
    stopwatch: new Stopwatch(),
    store: new OutputStore((index) => itemNameOf(request, index)),
    itemCount: itemCountOfRun(request),
    doneItemCount: 0,
    refusedItemCount: 0,
    outcome: "running",
  };
}
