import type { BatchMode } from "../../protocol/model-on-wire.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import { isWorkerLoss } from "./batch-probe.js";
import type { PreparedInputs } from "./prepare-inputs.js";

/** A trial whose worker is lost is repeated until this many have been made. */
const MAX_TRIALS = 3;

/** Whether a batch of these inputs gives the same as its items one by one; `undefined` if these inputs can't show it. */
export type TryBatch = (inputs: PreparedInputs) => Promise<boolean | undefined>;

/**
 * How the model takes a batch. This is the only place that decides it, once for each shape of the items, before a second shard is sent.
 * What the file says comes first, then a trial on two items. If a batch fails while a job runs, the trial is repeated.
 */
export class BatchModes {
  readonly #needsProbe: boolean;
  readonly #known = new Map<string, BatchMode>();
  readonly #doubted = new Set<string>();
  /** Under way: jobs that start together share one. */
  readonly #trials = new Map<string, Promise<BatchMode>>();

  /** @param needsProbe whether a trial is needed, because the file does not promise that a batch gives the same as its items. */
  constructor(needsProbe: boolean) {
    this.#needsProbe = needsProbe;
  }

  /** The mode, if it is known without running the model; `undefined` if a trial is needed. */
  known({ mode, shapeClass }: PreparedInputs): BatchMode | undefined {
    if (mode === "item-by-item") return mode;
    const known = this.#known.get(shapeClass);
    if (known !== undefined) return known;
    return this.#needsProbe || this.#doubted.has(shapeClass) ? undefined : "batched";
  }

  /**
   * Decide on the mode, by a trial if it is not known. If the trial shows nothing, the answer is "item-by-item", which is always right,
   * and the next job tries again. Never rejects: what fails here fails again in the job, which can retry it and reports why.
   */
  async decide(inputs: PreparedInputs, tryBatch: TryBatch): Promise<BatchMode> {
    const known = this.known(inputs);
    if (known !== undefined) return known;
    const { shapeClass } = inputs;
    const underWay = this.#trials.get(shapeClass);
    if (underWay !== undefined) return underWay;
    const trial = this.#try(inputs, tryBatch);
    this.#trials.set(shapeClass, trial);
    try {
      return await trial;
    } finally {
      this.#trials.delete(shapeClass);
    }
  }

  async #try(inputs: PreparedInputs, tryBatch: TryBatch): Promise<BatchMode> {
    const { shapeClass } = inputs;
    for (let count = 1; ; count++) {
      try {
        await this.examine(inputs, tryBatch);
        return this.#known.get(shapeClass) ?? "item-by-item";
      } catch (thrown) {
        // A lost worker has shown nothing: another one is asked.
        if (!isWorkerLoss(thrown) || count === MAX_TRIALS) return "item-by-item";
      }
    }
  }

  /**
   * Try a batch out, and remember what that shows.
   * @returns whether it gives the same as its items one by one; `undefined` if these inputs can't show it.
   * @throws what the trial failed with.
   */
  async examine(inputs: PreparedInputs, tryBatch: TryBatch): Promise<boolean | undefined> {
    const { shapeClass } = inputs;
    const isInvariant = await tryBatch(inputs);
    // A batch that came out without rows meanwhile has shown more than two items can.
    if (isInvariant !== undefined && this.#known.get(shapeClass) !== "item-by-item") {
      this.#known.set(shapeClass, isInvariant ? "batched" : "item-by-item");
    }
    return isInvariant;
  }

  /** Rule batches out: one came out without a row for each of its items. */
  refuse({ shapeClass }: PreparedInputs): void {
    this.#known.set(shapeClass, "item-by-item");
  }

  /** Ask for another trial: a batch failed, because of the model or of a passing failure, such as a GPU short of memory. */
  doubt({ shapeClass }: PreparedInputs): void {
    // What was refused stays refused.
    if (this.#known.get(shapeClass) === "batched") this.#known.delete(shapeClass);
    this.#doubted.add(shapeClass);
  }
}

/** Whether an output of a batch has a row for each of its items. */
export function hasRows(output: ShardOutput, itemCount: number): boolean {
  return output.kind === "dense" && output.tensor.shape[0] === itemCount;
}
