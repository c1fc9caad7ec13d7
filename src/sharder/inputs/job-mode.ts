import { ShardError } from "../../core/errors.js";
import type { BatchMode, RunMode } from "../../protocol/model-on-wire.js";
import type { BatchModes, TryBatch } from "./batch-modes.js";
import type { PreparedInputs } from "./prepare-inputs.js";

/**
 * How one job sends its items: as `BatchModes` says, and item by item where batches have failed. A worker whose batch has failed gets
 * single items until a trial has passed, and after a second failure until the job ends. The other workers are left alone.
 */
export class JobMode {
  readonly #modes: BatchModes;
  readonly #tryBatch: TryBatch;
  #inputs: PreparedInputs | undefined;
  #decided: BatchMode | undefined;
  /** How many batches have failed, by worker. */
  readonly #failures = new Map<string, number>();
  /** The workers that get single items for now. */
  readonly #doubted = new Set<string>();

  constructor(modes: BatchModes, tryBatch: TryBatch) {
    this.#modes = modes;
    this.#tryBatch = tryBatch;
  }

  /** The mode of what is sent to a worker now, for which a group or a whole batch is one item. */
  of(workerId: string): RunMode {
    return this.#decided === "batched" && !this.#doubted.has(workerId) ? "batched" : "item-by-item";
  }

  /** Decide without running the model. @returns the mode, if that was possible. */
  decideAtOnce(inputs: PreparedInputs): BatchMode | undefined {
    this.#inputs = inputs;
    this.#decided = this.#modes.known(inputs);
    return this.#decided;
  }

  /** Whether it has been found, and is not merely assumed, that the model takes whole batches. */
  get isFoundWhole(): boolean {
    return this.#decided === "whole" && this.#modes.known(this.#inputs!) === "whole";
  }

  /** Decide, by a trial if nothing is known. Never rejects. */
  async decide(inputs: PreparedInputs): Promise<BatchMode> {
    this.#inputs = inputs;
    this.#decided = await this.#modes.decide(inputs, this.#tryBatch);
    return this.#decided;
  }

  /**
   * A batch came out without a row for each of its items.
   * @returns the error that this job ends with if only whole batches are right, since it has sent items in several shards already;
   *          `undefined` if single items are right, too.
   */
  refuseBatches(): ShardError | undefined {
    const mode = this.#modes.refuse(this.#inputs!);
    this.#decided = "item-by-item";
    if (mode === "item-by-item") return undefined;
    return new ShardError(
      "model-failed",
      "Expected outputs with a row for each item, as a trial had shown, received others: the model takes its items together. Call again, and all of them will be run in one call.",
    );
  }

  /** A batch failed on a worker: because of the model, or because of a passing failure there. */
  doubtBatches(workerId: string): void {
    if (this.#doubted.has(workerId)) return;
    const failures = (this.#failures.get(workerId) ?? 0) + 1;
    this.#failures.set(workerId, failures);
    this.#doubted.add(workerId);
    if (failures > 1 || this.#decided !== "batched") return;
    this.#modes.doubt(this.#inputs!);
    void this.#decideAgain(this.#inputs!).then(() => this.#doubted.delete(workerId));
  }

  /** The items are counted one by one by now, so that whatever is found, this job sends batches or single items. */
  async #decideAgain(inputs: PreparedInputs): Promise<void> {
    const found = await this.#modes.decide(inputs, this.#tryBatch);
    this.#decided = found === "batched" ? "batched" : "item-by-item";
  }
}

/** `split: "batch"` was asked for by name, and the model can't be split that way. @param why its items depend on each other. */
export function cannotSplitBatch(why: string | undefined): ShardError {
  return new ShardError(
    "model-unsupported",
    `Expected a model whose items don't depend on each other for split: "batch", received one that takes whole batches (${why ?? "a trial has shown that a batch gives something else than its items"}): leave split out, and each batch is run in one call.`,
  );
}
