import { modeInfo, withTrace, type InspectedModel, type ModelInfo, type TraceFindings } from "../model/inspect.js";
import type { BatchMode } from "../protocol/model-on-wire.js";
import type { PoolWorker } from "../pool/pool-worker.js";
import { labelOf } from "../pool/worker-entries.js";
import { BackendGaps } from "./backend-gaps.js";

/** What is known about a model: from its file, then from workers that have started and runs that were traced. */
export class KnownModel {
  readonly inspected: InspectedModel;
  /** The operations that each backend lacks for it. */
  readonly gaps: BackendGaps;
  #info: ModelInfo;

  constructor(inspected: InspectedModel) {
    this.inspected = inspected;
    this.gaps = new BackendGaps(inspected.wire, inspected.staged);
    this.#info = inspected.info;
  }

  /** What `sharder.model` shows. */
  get info(): ModelInfo {
    return this.#info;
  }

  /** A worker has started: its report shows what its backend can run. */
  learn({ spec, report }: PoolWorker): void {
    this.gaps.learn(labelOf(spec), report?.kernels ?? []);
    this.#info = { ...this.#info, missingOps: this.gaps.missing };
  }

  /** Add what a trace of its layers has shown. */
  addTrace(findings: TraceFindings): void {
    this.#info = withTrace(this.#info, findings);
  }

  /** Record how it takes a batch, as a trial has shown. */
  setBatchMode(mode: BatchMode, reason: string | undefined): void {
    this.#info = { ...this.#info, ...modeInfo(mode, reason) };
  }
}
