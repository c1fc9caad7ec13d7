import { ShardError } from "../../src/core/errors.js";
import { itemOf, joinItems, tensorsOf, type NamedShardOutputs, type ShardOutput } from "../../src/protocol/outputs.js";
import { copyTensor } from "../../src/protocol/rows.js";
import { isShared, shareTensor } from "../../src/protocol/share-tensor.js";
import type { InputTensor } from "../../src/protocol/tensors.js";
import type { RunInput, RunRequest } from "../../src/protocol/worker-api.js";
import type { Checkpoint } from "./attempt-queue.js";
import type { CallChoice } from "./call-choices.js";
import type { EngineModel, NamedOutputs } from "./engine.js";
import { runCalls } from "./run-calls.js";

/** How often a run of several calls checks for a cancel, ms. */
const CHECKPOINT_MS = 20;

type Work = Pick<RunRequest, "itemCount" | "mode" | "inputs" | "forwardedNames">;

/**
 * Run some items through a model: all in one call, in calls of a size that is chosen, or each in its own call.
 *
 * @param checkpoint called between the calls, about every 20 ms.
 * @param choice for "batched" only: the size of its calls. Without one, it is one call.
 * @returns for "batched", every output as one dense tensor, even if it does not have a row for each item. The page sees that
 *          from its shape.
 * @throws ShardError "aborted" if a checkpoint throws it, "internal" for a batch of items of different shapes; whatever the
 *         engine throws.
 */
export async function runItems(
  model: EngineModel,
  work: Work,
  checkpoint: Checkpoint,
  choice?: CallChoice,
): Promise<NamedShardOutputs> {
  const outputs = await runInMode(model, work, whenDue(checkpoint), choice);
  for (const name of work.forwardedNames) {
    const output = outputs[name];
    if (output !== undefined) outputs[name] = shareOutput(output);
  }
  return outputs;
}

function runInMode(
  model: EngineModel,
  work: Work,
  checkpoint: Checkpoint,
  choice: CallChoice | undefined,
): Promise<NamedShardOutputs> {
  if (work.mode === "item-by-item") return runSingly(model, work, checkpoint);
  return choice === undefined ? runBatch(model, work) : runCalls(model, work, choice, checkpoint);
}

/** Calls so short that a check between them would take longer go without. */
function whenDue(checkpoint: Checkpoint): Checkpoint {
  let checkedAtMs = performance.now();
  return async () => {
    if (performance.now() - checkedAtMs <= CHECKPOINT_MS) return;
    await checkpoint();
    checkedAtMs = performance.now();
  };
}

async function runBatch(model: EngineModel, { inputs }: Work): Promise<NamedShardOutputs> {
  const outputs = await model.run(mapValues(inputs, wholeOf));
  return mapValues(outputs, (tensor) => ({ kind: "dense", tensor, itemShape: [1, ...tensor.shape.slice(1)] }));
}

async function runSingly(
  model: EngineModel,
  { inputs, itemCount }: Work,
  checkpoint: Checkpoint,
): Promise<NamedShardOutputs> {
  const calls: NamedOutputs[] = [];
  for (let item = 0; item < itemCount; item++) {
    await checkpoint();
    calls.push(await model.run(mapValues(inputs, (input, name) => inputOf(input, name, item))));
  }
  const names = Object.keys(calls[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, joinItems(calls.map((outputs) => outputs[name]!))]));
}

function wholeOf(input: RunInput, name: string): InputTensor {
  if (input.kind !== "ragged") return input.tensor;
  const [only, ...others] = input.items;
  if (only !== undefined && others.length === 0) return only;
  throw new ShardError(
    "internal",
    `Expected items of one shape for the batched input "${name}", received ${input.items.length} of different shapes.`,
  );
}

/** The input of one call. An engine may overwrite or detach its inputs, but only reads shared memory. */
function inputOf(input: RunInput, name: string, item: number): InputTensor {
  if (input.kind !== "side") return requireItem(input, name, item);
  return isShared(input.tensor) ? input.tensor : copyTensor(input.tensor);
}

function requireItem(input: Exclude<RunInput, { kind: "side" }>, name: string, item: number): InputTensor {
  const count = input.kind === "dense" ? (input.tensor.shape[0] ?? 0) : input.items.length;
  if (item < count) return itemOf(input, item);
  throw new ShardError("internal", `Expected an item ${item} of the input "${name}", received ${count} items.`);
}

function shareOutput(output: ShardOutput): ShardOutput {
  if (output.kind === "dense") return { ...output, tensor: shareTensor(output.tensor) };
  return { kind: "ragged", items: tensorsOf(output).map(shareTensor) };
}

function mapValues<T, R>(values: Readonly<Record<string, T>>, map: (value: T, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
}
