import { withTrace, type InspectedModel, type ModelInfo, type TraceFindings } from "../model/inspect.js";
import type { PoolWorker } from "../pool/pool-worker.js";
import { BackendGaps } from "./backend-gaps.js";

/** What is known of a model: from its file, then from the workers that started and the runs that were traced. */
export class KnownModel {
  readonly inspected: InspectedModel;
  /** What each backend lacks for it. */
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

  /** A worker has started, and shows what its backend has. */
  learn({ spec, report }: PoolWorker): void {
    this.gaps.learn(spec.backend, report?.kernels ?? []);
    this.#info = { ...this.#info, missingOps: this.gaps.missing };
  }

  /** Its layers have been measured. */
  addTrace(findings: TraceFindings): void {
    this.#info = withTrace(this.#info, findings);
  }

  /** It has been tried out whether it takes batches. */
  setBatchInvariance(isBatchInvariant: boolean | undefined): void {
    this.#info = { ...this.#info, isBatchInvariant };
  }
}
