import type { ItemRange } from "../../core/dispatch/types.js";
import { ShardError } from "../../core/errors.js";
import type { BatchMode } from "../../protocol/model-on-wire.js";
import { joinItems, type ShardOutput } from "../../protocol/outputs.js";
import { copyTensor, sliceRows } from "../../protocol/rows.js";
import type { InputTensor, Tensor } from "../../protocol/tensors.js";
import type { StageTensors } from "../../protocol/worker-api.js";
import type { ItemStore } from "../job/item-store.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { DeployedStage } from "./deployment.js";

/** What the page holds of one micro-batch between its stages. */
interface HeldBatch {
  readonly range: ItemRange;
  readonly mode: BatchMode;
  /** Per call, by `TensorKey`: what later stages and the result need. */
  readonly calls: Map<string, Tensor>[];
}

/**
 * The activations at the boundaries of the stages: kept until the next stage has answered, so that nothing is computed twice when
 * a worker is lost.
 */
export class MicroBatches {
  readonly #model: StagedModel;
  readonly #store: ItemStore;
  readonly #held = new Map<number, HeldBatch>();
  readonly #inputNames: ReadonlyMap<string, string>;

  constructor(model: StagedModel, store: ItemStore) {
    this.#model = model;
    this.#store = store;
    this.#inputNames = new Map(Object.entries(model.inputKeys).map(([name, key]) => [key, name]));
  }

  /** The mode in which a micro-batch entered; `undefined` where it has not. */
  modeOf(microBatchId: number): BatchMode | undefined {
    return this.#held.get(microBatchId)?.mode;
  }

  /**
   * What a stage needs of a micro-batch, ready to be handed over. O(bytes): what is not in shared memory is copied.
   * @param mode of micro-batches that enter.
   */
  callsFor(microBatchId: number, range: ItemRange, stage: DeployedStage, mode: BatchMode): StageTensors[] {
    const held = this.#held.get(microBatchId) ?? this.#enter(microBatchId, range, mode);
    const names = stage.inputs.flatMap((key) => this.#inputNames.get(key) ?? []);
    const { inputs, batchedInputs } = names.length > 0 ? this.#store.cut(range) : { inputs: {}, batchedInputs: [] };
    const isSliced = (name: string): boolean => held.mode === "item-by-item" && batchedInputs.includes(name);
    return held.calls.map((tensors, index) => {
      const call: Record<string, InputTensor> = {};
      for (const key of stage.inputs) {
        const name = this.#inputNames.get(key);
        call[key] =
          name === undefined
            ? forSending(requireTensor(tensors, key))
            : inputOf(inputs, name, isSliced(name) ? index : undefined, held.calls.length);
      }
      return call;
    });
  }

  /**
   * Take what a stage gave, and let go of what no later stage needs.
   * @param later the stages after it.
   */
  keep(
    microBatchId: number,
    calls: readonly Readonly<Record<string, Tensor>>[],
    later: readonly DeployedStage[],
  ): void {
    const held = this.#held.get(microBatchId);
    if (held === undefined) return;
    const needed = new Set([...later.flatMap(({ inputs }) => inputs), ...Object.values(this.#model.outputKeys)]);
    held.calls.forEach((tensors, index) => {
      for (const [key, tensor] of Object.entries(calls[index] ?? {})) tensors.set(key, tensor);
      for (const key of tensors.keys()) if (!needed.has(key)) tensors.delete(key);
    });
  }

  /** Whether what came out so far has a row for each item, as far as it is part of the result. */
  hasRows(microBatchId: number): boolean {
    const held = this.#held.get(microBatchId);
    if (held === undefined || held.mode === "item-by-item") return true;
    const [tensors] = held.calls;
    return Object.values(this.#model.outputKeys).every((key) => {
      const tensor = tensors?.get(key);
      return tensor === undefined || (tensor.shape.length > 0 && tensor.shape[0] === held.range.itemCount);
    });
  }

  /** The result of a micro-batch that has left the pipeline, in memory of its own. */
  take(microBatchId: number): Record<string, ShardOutput> {
    const held = this.#held.get(microBatchId)!;
    this.#held.delete(microBatchId);
    const outputs: Record<string, ShardOutput> = {};
    for (const [name, key] of Object.entries(this.#model.outputKeys)) {
      // An input that is passed through comes out of the first stage, too.
      const items = held.calls.map((tensors) => ownTensor(requireTensor(tensors, key)));
      const [first] = items;
      outputs[name] =
        held.mode === "item-by-item"
          ? joinItems(items)
          : { kind: "dense", tensor: first!, itemShape: [1, ...first!.shape.slice(1)] };
    }
    return outputs;
  }

  /** It starts again from its inputs, or is not wanted any more. */
  drop(microBatchId: number): void {
    this.#held.delete(microBatchId);
  }

  #enter(microBatchId: number, range: ItemRange, mode: BatchMode): HeldBatch {
    const callCount = mode === "batched" ? 1 : range.itemCount;
    const held = { range, mode, calls: Array.from({ length: callCount }, () => new Map<string, Tensor>()) };
    this.#held.set(microBatchId, held);
    return held;
  }
}

function requireTensor(tensors: ReadonlyMap<string, Tensor>, key: string): Tensor {
  const tensor = tensors.get(key);
  if (tensor !== undefined) return tensor;
  throw new ShardError("internal", `Expected an earlier stage to have given "${key}", received nothing.`);
}

function inputOf(
  inputs: Readonly<Record<string, InputTensor>>,
  name: string,
  row: number | undefined,
  callCount: number,
): InputTensor {
  const input = inputs[name]!;
  if (row !== undefined) return sliceRows(input, row, 1);
  // Each call's buffers are handed over, so that each needs its own; what was cut out is nobody else's.
  return callCount === 1 ? input : copyTensor(input);
}

/** Shared memory goes out again and again; anything else is lost to the page once it is handed over. */
function forSending(tensor: Tensor): InputTensor {
  return isShared(tensor) ? tensor : copyTensor(tensor);
}

function ownTensor(tensor: Tensor): Tensor {
  return isShared(tensor) ? copyTensor(tensor) : tensor;
}

function isShared({ data }: Tensor): boolean {
  return !Array.isArray(data) && typeof SharedArrayBuffer !== "undefined" && data.buffer instanceof SharedArrayBuffer;
}
