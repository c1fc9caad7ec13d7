import type { ItemRange } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { RunMode } from "../../protocol/model-on-wire.js";
import { mapTensors, type ShardOutput } from "../../protocol/outputs.js";
import { copyTensor } from "../../protocol/rows.js";
import { isShared } from "../../protocol/share-tensor.js";
import type { Tensor } from "../../protocol/tensors.js";
import type { RunInput } from "../../protocol/worker-api.js";
import { hasRows } from "../inputs/batch-modes.js";
import { notSent } from "../job/job-errors.js";
import type { DeployedStage } from "./deployment.js";

/** What the page holds of one micro-batch between its stages. */
interface HeldBatch {
  readonly range: ItemRange;
  readonly mode: RunMode;
  /** The tensors that later stages and the result need, by `TensorKey`. */
  readonly tensors: Map<string, ShardOutput>;
}

/**
 * The activations between stages. They are kept until the next stage has answered, so that earlier stages need not run again when a
 * worker is lost.
 */
export class MicroBatches {
  readonly #model: StagedModel;
  readonly #cut: (range: ItemRange) => Record<string, RunInput>;
  readonly #held = new Map<number, HeldBatch>();
  readonly #inputNames: ReadonlyMap<string, string>;

  /** @param cut the inputs of some items by name, ready to be transferred. */
  constructor(model: StagedModel, cut: (range: ItemRange) => Record<string, RunInput>) {
    this.#model = model;
    this.#cut = cut;
    this.#inputNames = new Map(Object.entries(model.inputKeys).map(([name, key]) => [key, name]));
  }

  /** The mode in which a micro-batch entered; `undefined` if it has not entered. */
  modeOf(microBatchId: number): RunMode | undefined {
    return this.#held.get(microBatchId)?.mode;
  }

  /** A micro-batch enters its first stage, unless it is under way already. @returns the mode in which it runs. */
  enter(microBatchId: number, range: ItemRange, mode: RunMode): RunMode {
    const held = this.#held.get(microBatchId);
    if (held !== undefined) return held.mode;
    this.#held.set(microBatchId, { range, mode, tensors: new Map() });
    return mode;
  }

  /** The inputs of a stage for a micro-batch, ready to be transferred. O(bytes): whatever is not in shared memory is copied. */
  inputsFor(microBatchId: number, stage: DeployedStage): Record<string, RunInput> {
    const { range, tensors } = this.#held.get(microBatchId)!;
    return this.#inputsOf(range, tensors, stage);
  }

  #inputsOf(
    range: ItemRange,
    tensors: ReadonlyMap<string, ShardOutput>,
    stage: DeployedStage,
  ): Record<string, RunInput> {
    const readsInputs = stage.inputs.some((key) => this.#inputNames.has(key));
    const given = readsInputs ? this.#cut(range) : {};
    const inputs: Record<string, RunInput> = {};
    for (const key of stage.inputs) {
      const name = this.#inputNames.get(key);
      inputs[key] = name === undefined ? mapTensors(requireTensors(tensors, key), forSending) : given[name]!;
    }
    return inputs;
  }

  /** As `inputsFor`, to be called later and more than once: it keeps what enters the stage. */
  inputsAgain(microBatchId: number, stage: DeployedStage): () => Record<string, RunInput> {
    const { range, tensors } = this.#held.get(microBatchId)!;
    const kept = new Map([...tensors].filter(([key]) => stage.inputs.includes(key)));
    return () => this.#inputsOf(range, kept, stage);
  }

  /**
   * Keep the outputs of a stage, and release what no later stage needs.
   * @param later the stages after it.
   */
  keep(microBatchId: number, outputs: Readonly<Record<string, ShardOutput>>, later: readonly DeployedStage[]): void {
    const tensors = this.#held.get(microBatchId)?.tensors;
    if (tensors === undefined) return;
    const needed = new Set([...later.flatMap(({ inputs }) => inputs), ...Object.values(this.#model.outputKeys)]);
    for (const [key, output] of Object.entries(outputs)) tensors.set(key, output);
    for (const key of tensors.keys()) if (!needed.has(key)) tensors.delete(key);
  }

  /** Whether all outputs of the model that have been computed so far have a row for each item. */
  hasRows(microBatchId: number): boolean {
    const held = this.#held.get(microBatchId);
    if (held === undefined || held.mode === "item-by-item") return true;
    return Object.values(this.#model.outputKeys).every((key) => {
      const output = held.tensors.get(key);
      return output === undefined || hasRows(output, held.range.itemCount);
    });
  }

  /**
   * Take the result of a micro-batch that has left the pipeline. Nothing in it is in shared memory.
   * @throws ShardError "out-of-memory" if there is no room for a copy.
   */
  take(microBatchId: number): Record<string, ShardOutput> {
    const { tensors } = this.#held.get(microBatchId)!;
    this.#held.delete(microBatchId);
    try {
      return Object.fromEntries(
        Object.entries(this.#model.outputKeys).map(([name, key]) => [
          name,
          mapTensors(requireTensors(tensors, key), ownTensor),
        ]),
      );
    } catch (thrown) {
      throw thrown instanceof ShardError ? thrown : notSent(thrown);
    }
  }

  /** Forget a micro-batch that restarts from its inputs or is no longer needed. */
  drop(microBatchId: number): void {
    this.#held.delete(microBatchId);
  }
}

function requireTensors(tensors: ReadonlyMap<string, ShardOutput>, key: string): ShardOutput {
  const found = tensors.get(key);
  if (found !== undefined) return found;
  throw new ShardError("internal", `Expected an earlier stage to have given "${key}", received nothing.`);
}

/** Shared memory can be sent many times; any other buffer is detached once it is transferred, so it is copied. */
function forSending(tensor: Tensor): Tensor {
  return isShared(tensor) ? tensor : copyTensor(tensor);
}

function ownTensor(tensor: Tensor): Tensor {
  return isShared(tensor) ? copyTensor(tensor) : tensor;
}
