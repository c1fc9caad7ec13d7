import type { ItemRange } from "../../core/dispatch/types.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { RunMode, WireModel } from "../../protocol/model-on-wire.js";
import { tensorsOf } from "../../protocol/outputs.js";
import { tensorBytes } from "../../protocol/tensors.js";
import type { ModelKey, RunInput } from "../../protocol/worker-api.js";
import type { NamedOutputs } from "./compare-outputs.js";

/** Bytes of the tensors of a result. */
export function outputBytes(outputs: NamedOutputs): number {
  return Object.values(outputs).reduce(
    (total, output) => tensorsOf(output).reduce((sum, tensor) => sum + tensorBytes(tensor), total),
    0,
  );
}

/** A model or a stage, as another worker can be given it. */
export interface CheckedModel {
  readonly key: ModelKey;
  /** Bytes of its weights in a worker. */
  readonly weightBytes: () => number;
  /** Made when a worker that does not hold it has to load it. */
  readonly wire: () => WireModel;
}

/** What a worker has computed, with what another one needs to compute it again. */
export interface CheckedResult {
  readonly worker: PoolWorker;
  readonly model: CheckedModel;
  /** Items of one shape: what holds for one holds for the others. */
  readonly shapeClass: string;
  readonly mode: RunMode;
  readonly priority: number;
  /** Units of the job. */
  readonly itemCount: number;
  /** Whether every tensor has a row for each unit, so that some of them can be run alone. */
  readonly hasRows: boolean;
  readonly outputs: NamedOutputs;
  /** Whether an output is one of the model's, and does not only pass on to the next stage. */
  readonly isFinal: (outputName: string) => boolean;
  /** Bytes that wait with it. */
  readonly byteCount: number;
  /** How long the job predicts that some units take on another worker, ms. */
  readonly predictMs: (worker: PoolWorker, unitCount: number) => number | undefined;
  /** The inputs of some units, counted from the first of this result, in buffers that can be transferred. */
  readonly inputsOf: (units: ItemRange) => Record<string, RunInput>;
}
