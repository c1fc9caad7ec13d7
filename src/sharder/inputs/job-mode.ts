import type { BatchMode } from "../../protocol/model-on-wire.js";
import type { BatchModes, TryBatch } from "./batch-modes.js";
import type { PreparedInputs } from "./prepare-inputs.js";

/** How one job sends its items: as `BatchModes` says, and item by item while that is in doubt. */
export class JobMode {
  readonly #modes: BatchModes;
  readonly #tryBatch: TryBatch;
  #inputs: PreparedInputs | undefined;
  #current: BatchMode | undefined;

  constructor(modes: BatchModes, tryBatch: TryBatch) {
    this.#modes = modes;
    this.#tryBatch = tryBatch;
  }

  /** `undefined` until it is decided. */
  get current(): BatchMode | undefined {
    return this.#current;
  }

  /** Decide without running the model. @returns whether that was possible. */
  decideAtOnce(inputs: PreparedInputs): boolean {
    this.#inputs = inputs;
    this.#current = this.#modes.known(inputs);
    return this.#current !== undefined;
  }

  /** Decide, by a trial if nothing is known. Never rejects. */
  async decide(inputs: PreparedInputs): Promise<void> {
    this.#inputs = inputs;
    this.#current = await this.#modes.decide(inputs, this.#tryBatch);
  }

  /** Rule batches out: one came out without a row for each of its items. */
  refuseBatches(): void {
    this.#modes.refuse(this.#inputs!);
    this.#current = "item-by-item";
  }

  /** A batch failed: send item by item until another trial has shown whether that was a passing failure. */
  doubtBatches(): void {
    if (this.#current !== "batched") return;
    this.#current = "item-by-item";
    this.#modes.doubt(this.#inputs!);
    void this.decide(this.#inputs!);
  }
}
