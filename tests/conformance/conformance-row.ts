import type { BackendName, ModelInfo } from "inference-sharder";

/** The findings for one model. Differences are max|a − b| ÷ max|b| of the worst output. */
export interface ConformanceRow {
  /** "corrected": conforms to itself, but not to TF.js, which is known to compute operations of it wrongly. */
  status: "running" | "conforms" | "corrected" | "differs" | "TF.js fails";
  backend: BackendName;
  format: ModelInfo["format"] | undefined;
  layerCount: number | undefined;
  cutCount: number;
  /** The original model against TF.js's own run of the whole model; against itself if operations were replaced. */
  batch: number | undefined;
  cuts: number | undefined;
  stages3: number | undefined;
  stages4: number | undefined;
  /** The optimised model against itself, whole on one worker. */
  optimisedBatch: number | undefined;
  optimisedCuts: number | undefined;
  optimisedStages3: number | undefined;
  optimisedStages4: number | undefined;
  /** The whole optimised model against the reference that the original is held to. */
  optimised: number | undefined;
  readonly notes: string[];
  readonly failures: string[];
}

/** The row of a model before any check. */
export function emptyRow(backend: BackendName): ConformanceRow {
  const none = { batch: undefined, cuts: undefined, stages3: undefined, stages4: undefined };
  const optimised = {
    optimisedBatch: undefined,
    optimisedCuts: undefined,
    optimisedStages3: undefined,
    optimisedStages4: undefined,
    optimised: undefined,
  };
  const sizes = { format: undefined, layerCount: undefined, cutCount: 0 };
  return { status: "running", backend, ...sizes, ...none, ...optimised, notes: [], failures: [] };
}
