import type { Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { ShardError } from "../../src/core/errors.js";
import type { WireModel } from "../../src/protocol/model-on-wire.js";
import { joinItems, type ShardOutput } from "../../src/protocol/outputs.js";
import { sliceRows } from "../../src/protocol/rows.js";
import type { InputTensor, Tensor } from "../../src/protocol/tensors.js";
import type { RunRequest } from "../../src/protocol/worker-api.js";
import type { LoadedModel } from "./load-model.js";
import { fromTfTensor, toTfTensor } from "./tf-tensors.js";

/** How often a running item-by-item shard lets a cancel in, ms. */
const CANCEL_CHECK_MS = 20;

export interface ShardRunner {
  /**
   * Run one shard; leaves no tensor behind, whatever happens.
   * @param isCancelled asked between items after `pause` has let pending messages in.
   * @throws ShardError "aborted" where it was; whatever TF.js throws otherwise.
   */
  run(
    request: RunRequest,
    isCancelled: () => boolean,
    pause: () => Promise<void>,
  ): Promise<Record<string, ShardOutput>>;
}

export function createShardRunner(wire: WireModel, model: LoadedModel, mustCopy: boolean): ShardRunner {
  /** Set once a batched call has shown that some output has no batch axis. */
  let onlySingly = false;

  async function call(inputs: Readonly<Record<string, InputTensor>>): Promise<Tensor[]> {
    const feeds = wire.inputs.map((spec) => toTfTensor(inputs[spec.name]!, spec.dtype));
    let results: TfTensor[] = [];
    try {
      results = await model.execute(feeds);
      return await Promise.all(
        results.map((result) => fromTfTensor(result, mustCopy || model.weightIds.has(result.id))),
      );
    } finally {
      for (const each of [...feeds, ...results]) if (!model.weightIds.has(each.id)) each.dispose();
    }
  }

  async function callWhole(request: RunRequest): Promise<Record<string, ShardOutput> | undefined> {
    const results = await call(request.inputs);
    if (!results.every((result) => result.shape.length > 0 && result.shape[0] === request.itemCount)) {
      return undefined;
    }
    return byName(results, (tensor) => ({
      kind: "dense",
      tensor,
      itemShape: [1, ...tensor.shape.slice(1)],
    }));
  }

  async function callSingly(request: RunRequest, isCancelled: () => boolean, pause: () => Promise<void>) {
    const perOutput: Tensor[][] = wire.outputs.map(() => []);
    let checkedAtMs = performance.now();
    for (let item = 0; item < request.itemCount; item++) {
      if (performance.now() - checkedAtMs > CANCEL_CHECK_MS) {
        await pause();
        checkedAtMs = performance.now();
        if (isCancelled()) throw new ShardError("aborted", "The attempt was cancelled while it ran.");
      }
      const inputs = { ...request.inputs };
      for (const name of request.batchedInputs) inputs[name] = sliceRows(request.inputs[name]!, item, 1);
      (await call(inputs)).forEach((tensor, output) => perOutput[output]!.push(tensor));
    }
    return byName(perOutput, joinItems);
  }

  function byName<T>(values: readonly T[], make: (value: T) => ShardOutput): Record<string, ShardOutput> {
    return Object.fromEntries(wire.outputs.map((spec, i) => [spec.name, make(values[i]!)]));
  }

  return {
    async run(request, isCancelled, pause) {
      if (request.mode === "batched" && !onlySingly) {
        const outputs = await callWhole(request);
        if (outputs !== undefined) return outputs;
        onlySingly = true;
      }
      return callSingly(request, isCancelled, pause);
    },
  };
}
