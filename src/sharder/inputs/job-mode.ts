import type { BatchMode } from "../../protocol/model-on-wire.js";
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

  /** The mode of what is sent to a worker now. Before it is decided, single items, which are always right. */
  of(workerId: string): BatchMode {
    return this.#decided === undefined || this.#doubted.has(workerId) ? "item-by-item" : this.#decided;
  }

  /** Decide without running the model. @returns whether that was possible. */
  decideAtOnce(inputs: PreparedInputs): boolean {
    this.#inputs = inputs;
    this.#decided = this.#modes.known(inputs);
    return this.#decided !== undefined;
  }

  /** Decide, by a trial if nothing is known. Never rejects. */
  async decide(inputs: PreparedInputs): Promise<void> {
    this.#inputs = inputs;
    this.#decided = await this.#modes.decide(inputs, this.#tryBatch);
  }

  /** A batch came out without a row for each of its items. */
  refuseBatches(): void {
    this.#modes.refuse(this.#inputs!);
    this.#decided = "item-by-item";
  }

  /** A batch failed on a worker: because of the model, or because of a passing failure there. */
  doubtBatches(workerId: string): void {
    if (this.#doubted.has(workerId)) return;
    const failures = (this.#failures.get(workerId) ?? 0) + 1;
    this.#failures.set(workerId, failures);
    this.#doubted.add(workerId);
    if (failures > 1 || this.#decided !== "batched") return;
    this.#modes.doubt(this.#inputs!);
    void this.decide(this.#inputs!).then(() => this.#doubted.delete(workerId));
  }
}
