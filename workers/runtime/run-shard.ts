import type { Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { ShardError } from "../../src/core/errors.js";
import type { WireModel } from "../../src/protocol/model-on-wire.js";
import { isRowOfPair, probeInputs } from "../../src/protocol/batch-probe.js";
import { joinItems, type ShardOutput } from "../../src/protocol/outputs.js";
import { sliceRows } from "../../src/protocol/rows.js";
import type { InputTensor, Tensor } from "../../src/protocol/tensors.js";
import type { RunRequest } from "../../src/protocol/worker-api.js";
import type { LoadedModel } from "../engines/tfjs/load-model.js";
import { fromTfTensor, toTfTensor } from "../engines/tfjs/tf-tensors.js";

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
  /** `undefined` until a probe has told; declared batch axes are believed until a call fails. */
  let isBatchable = wire.needsBatchProbe ? undefined : true;

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

  /** Whether a batch gives what single runs give, as far as two items can tell; `undefined` where they can't. */
  async function probe(request: RunRequest): Promise<boolean | undefined> {
    const inputs = probeInputs(request.inputs, request.batchedInputs);
    if (inputs === undefined) return undefined;
    const alone = await call(inputs.alone);
    let paired: Tensor[];
    try {
      paired = await call(inputs.paired);
    } catch {
      return false;
    }
    return paired.every((pair, output) => isRowOfPair(alone[output]!, pair));
  }

  return {
    async run(request, isCancelled, pause) {
      if (request.mode === "item-by-item") return callSingly(request, isCancelled, pause);
      isBatchable ??= await probe(request);
      if (!isBatchable) return callSingly(request, isCancelled, pause);
      try {
        const outputs = await callWhole(request);
        if (outputs !== undefined) return outputs;
      } catch (thrown) {
        // A batch axis that is declared but not meant: some models reshape to a fixed batch inside.
        if (request.itemCount === 1) throw thrown;
        const outputs = await callSingly(request, isCancelled, pause).catch(() => undefined);
        if (outputs === undefined) throw thrown;
        // Or it was a passing failure, such as a GPU short of memory: then batches go on.
        isBatchable = (await probe(request)) ?? true;
        return outputs;
      }
      isBatchable = false;
      return callSingly(request, isCancelled, pause);
    },
  };
}
