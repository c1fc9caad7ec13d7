import type { BatchAnalysis } from "../../model/batch/analyse-batch.js";
import type { BatchMode } from "../../protocol/model-on-wire.js";
import type { ShardOutput } from "../../protocol/outputs.js";
import { isWorkerLoss, type TrialFinding } from "./batch-probe.js";
import type { PreparedInputs } from "./prepare-inputs.js";

/** A trial whose worker is lost is repeated until this many have been made. */
const MAX_TRIALS = 3;

const SAME_AS_BEFORE = "an earlier trial has shown that a batch gives the same as its items";

/** A larger side input is data, not a switch. */
const MAX_SWITCHES = 16;

/**
 * Find out by a trial how the model takes a batch of such inputs.
 * @param isMixed it is known that the items depend on each other: only whether a batch runs at all has to be tried.
 * @returns `undefined` if these inputs can't show it.
 */
export type TryBatch = (inputs: PreparedInputs, isMixed: boolean) => Promise<TrialFinding | undefined>;

/** Called with every answer, for `sharder.model`. */
export type OnBatchMode = (mode: BatchMode, reason: string | undefined) => void;

/**
 * How the model takes a batch. This is the only place that decides it, once for each shape of the items, before a second shard is sent,
 * and for both splits. The shapes of the inputs come first, then what the operations prove, then a trial on three items. If a batch
 * fails while a job runs, the trial is repeated.
 */
export class BatchModes {
  readonly #analysis: BatchAnalysis;
  readonly #onMode: OnBatchMode;
  readonly #known = new Map<string, BatchMode>();
  #reason: string | undefined;
  readonly #doubted = new Set<string>();
  /** A trial has shown that batches give what their items give. */
  readonly #shown = new Set<string>();
  /** Batches came out without rows. */
  readonly #refused = new Set<string>();
  /** Under way: jobs that start together share one. */
  readonly #trials = new Map<string, Promise<BatchMode>>();

  /** @param analysis what the model's operations say. */
  constructor(analysis: BatchAnalysis, onMode: OnBatchMode = () => {}) {
    this.#analysis = analysis;
    this.#onMode = onMode;
  }

  /** Why the latest answer is what it is, as far as that is known. */
  get reason(): string | undefined {
    return this.#reason ?? this.#analysis.reason;
  }

  /** The mode, if it is known without running the model; `undefined` if a trial is needed. */
  known(inputs: PreparedInputs): BatchMode | undefined {
    const { fixedMode } = inputs;
    const shapeClass = trialClassOf(inputs);
    const known = fixedMode ?? this.#known.get(shapeClass);
    if (known !== undefined) return known;
    return this.#analysis.verdict === "rows" && !this.#doubted.has(shapeClass) ? "batched" : undefined;
  }

  /**
   * Decide on the mode, by a trial if it is not known. If the trial shows nothing, the answer is "whole", which is what TensorFlow does
   * with a batch, and the next job tries again. Never rejects: what fails here fails again in the job, which can retry it and reports why.
   */
  async decide(inputs: PreparedInputs, tryBatch: TryBatch): Promise<BatchMode> {
    const known = this.known(inputs);
    if (known !== undefined) return known;
    const shapeClass = trialClassOf(inputs);
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
    for (let count = 1; ; count++) {
      try {
        return (await this.examine(inputs, tryBatch)) ?? "whole";
      } catch (thrown) {
        // A lost worker has shown nothing: another one is asked.
        if (!isWorkerLoss(thrown) || count === MAX_TRIALS) return "whole";
      }
    }
  }

  /**
   * Try a batch out, and remember what that shows.
   * @returns the mode; `undefined` if these inputs can't show it.
   * @throws what the trial failed with.
   */
  async examine(inputs: PreparedInputs, tryBatch: TryBatch): Promise<BatchMode | undefined> {
    const { fixedMode } = inputs;
    const shapeClass = trialClassOf(inputs);
    if (fixedMode !== undefined) return fixedMode;
    const isMixed = this.#analysis.verdict === "mixed";
    const finding = await tryBatch(inputs, isMixed);
    // A batch that came out without rows meanwhile has shown more than three items can.
    const known = this.#known.get(shapeClass);
    if (finding === undefined || this.#refused.has(shapeClass)) return known;
    // Why a batch failed is asked then, and values are what an earlier trial has shown: a worker that is wrong doesn't change the model.
    if (finding.differs === true && this.#shown.has(shapeClass))
      return this.#settle(shapeClass, "batched", SAME_AS_BEFORE);
    const { mode, reason } = finding;
    const isProven = this.#analysis.verdict === "rows" && mode === "whole";
    return this.#settle(
      shapeClass,
      isProven ? "item-by-item" : mode,
      isMixed ? (this.#analysis.reason ?? reason) : reason,
    );
  }

  #settle(shapeClass: string, mode: BatchMode, reason: string): BatchMode {
    this.#known.set(shapeClass, mode);
    this.#reason = reason;
    this.#onMode(mode, reason);
    return mode;
  }

  /**
   * Rule batches out: one came out without a row for each of its items. If the operations prove that items don't depend on each other,
   * single ones are right all the same; else only a whole batch is.
   */
  refuse(inputs: PreparedInputs): BatchMode {
    const shapeClass = trialClassOf(inputs);
    const mode = this.#analysis.verdict === "rows" ? "item-by-item" : "whole";
    this.#refused.add(shapeClass);
    return this.#settle(shapeClass, mode, "a batch came out without a row for each of its items");
  }

  /** Ask for another trial: a batch failed, because of the model or of a passing failure, such as a GPU short of memory. */
  doubt(inputs: PreparedInputs): void {
    const shapeClass = trialClassOf(inputs);
    // What was refused stays refused.
    if (this.#known.get(shapeClass) === "batched") {
      this.#known.delete(shapeClass);
      this.#shown.add(shapeClass);
    }
    this.#doubted.add(shapeClass);
  }
}

/** What a trial holds for: items of one shape, with side inputs that switch the same parts of the model on, such as a training mode. */
function trialClassOf({ shapeClass, tensors, batchedNames }: PreparedInputs): string {
  const switches = Object.entries(tensors).flatMap(([name, { data }]) => {
    if (batchedNames.includes(name) || data.length > MAX_SWITCHES) return [];
    const values: ArrayLike<unknown> = data;
    return [Array.from(values, (value) => (typeof value === "number" ? Math.sign(value) : value)).join(",")];
  });
  return [shapeClass, ...switches].join(";");
}

/** Whether an output of a batch has a row for each of its items. */
export function hasRows(output: ShardOutput, itemCount: number): boolean {
  return output.kind === "dense" && output.tensor.shape[0] === itemCount;
}
