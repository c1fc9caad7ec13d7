import type { Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { ShardError } from "../../src/core/errors.js";
import type { WireModel } from "../../src/protocol/model-on-wire.js";
import { shareTensor } from "../../src/protocol/share-tensor.js";
import type { Tensor } from "../../src/protocol/tensors.js";
import type { StageRequest, StageTensors } from "../../src/protocol/worker-api.js";
import type { LoadedModel } from "../engines/tfjs/load-model.js";
import { fromTfTensor, toTfTensor } from "../engines/tfjs/tf-tensors.js";

/** How often a running micro-batch of several calls lets a cancel in, ms. */
const CANCEL_CHECK_MS = 20;

type StageOutputs = Record<string, Tensor>;

/**
 * Run a stage on one micro-batch, call by call; leaves no tensor behind, whatever happens.
 * @param mustCopy whether read-backs alias TF.js's own memory.
 * @throws ShardError "aborted" where it was cancelled between calls; whatever TF.js throws otherwise.
 */
export async function runStage(
  wire: WireModel,
  model: LoadedModel,
  { calls, forwardedKeys }: Pick<StageRequest, "calls" | "forwardedKeys">,
  mustCopy: boolean,
  isCancelled: () => boolean,
  pause: () => Promise<void>,
): Promise<StageOutputs[]> {
  const forwarded = new Set(forwardedKeys);
  const results: StageOutputs[] = [];
  let checkedAtMs = performance.now();
  for (const call of calls) {
    if (performance.now() - checkedAtMs > CANCEL_CHECK_MS) {
      await pause();
      checkedAtMs = performance.now();
      if (isCancelled()) throw new ShardError("aborted", "The attempt was cancelled while it ran.");
    }
    results.push(await runCall(wire, model, call, forwarded, mustCopy));
  }
  return results;
}

async function runCall(
  wire: WireModel,
  model: LoadedModel,
  call: StageTensors,
  forwarded: ReadonlySet<string>,
  mustCopy: boolean,
): Promise<StageOutputs> {
  const feeds = wire.inputs.map(({ name, dtype }) => toTfTensor(call[name]!, dtype));
  let results: TfTensor[] = [];
  try {
    results = await model.execute(feeds);
    const tensors = await Promise.all(
      results.map(async (result, index) => {
        const isShared = forwarded.has(wire.outputs[index]!.name);
        const read = await fromTfTensor(result, mustCopy || model.weightIds.has(result.id));
        return isShared ? shareTensor(read) : read;
      }),
    );
    return Object.fromEntries(wire.outputs.map(({ name }, index) => [name, tensors[index]!]));
  } finally {
    for (const each of [...feeds, ...results]) if (!model.weightIds.has(each.id)) each.dispose();
  }
}
