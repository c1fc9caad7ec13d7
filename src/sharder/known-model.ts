import { modeInfo, withTrace, type InspectedModel, type ModelInfo, type TraceFindings } from "../model/inspect.js";
import type { BatchMode } from "../protocol/model-on-wire.js";
import type { PoolWorker } from "../pool/pool-worker.js";
import { labelOf } from "../pool/worker-entries.js";
import { BackendGaps } from "./backend-gaps.js";
import { fitsOfFormat, learnFit, type EngineFit } from "./engines/engine-fits.js";

/** What `sharder.model` shows. */
export interface SharderModel extends ModelInfo {
  /** Which engines run this model, and if not, why. With `engine: "auto"` also what was measured of each. */
  readonly engines: readonly EngineFit[];
}

/** What is known about a model: from its file, then from workers that have started and runs that were traced. */
export class KnownModel {
  readonly inspected: InspectedModel;
  /** The operations that each backend lacks for it. */
  readonly gaps: BackendGaps;
  #info: ModelInfo;
  #engines: readonly EngineFit[];

  constructor(inspected: InspectedModel) {
    this.inspected = inspected;
    this.gaps = new BackendGaps(inspected.wire, inspected.staged);
    this.#info = inspected.info;
    this.#engines = fitsOfFormat(inspected.info.format);
  }

  /** What `sharder.model` shows. */
  get info(): SharderModel {
    return { ...this.#info, engines: this.#engines };
  }

  /** It was found out whether an engine runs it, or how fast. What is left out stays as it was. */
  learnEngine(found: Pick<EngineFit, "engine"> & Partial<EngineFit>): void {
    this.#engines = learnFit(this.#engines, found);
  }

  /** A worker has started: its report shows what its backend can run. */
  learn({ spec, report }: PoolWorker): void {
    this.gaps.learn(labelOf(spec), report?.kernels ?? []);
    this.#info = { ...this.#info, missingOps: this.gaps.missing };
    // A model is translated on trial before a worker of it is started.
    if (spec.engine === "litert") this.learnEngine({ engine: "litert", runs: true });
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
