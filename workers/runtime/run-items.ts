import { ShardError } from "../../src/core/errors.js";
import { itemOf, tensorsOf, viewItem, type NamedShardOutputs, type ShardOutput } from "../../src/protocol/outputs.js";
import { copyTensor } from "../../src/protocol/rows.js";
import { isShared, shareTensor } from "../../src/protocol/share-tensor.js";
import type { SpareBuffers } from "../../src/protocol/spare-buffers.js";
import type { InputTensor } from "../../src/protocol/tensors.js";
import type { RunInput, RunRequest } from "../../src/protocol/worker-api.js";
import type { Checkpoint, Turn } from "./attempt-queue.js";
import type { CallChoice } from "./call-choices.js";
import type { EngineModel, NamedOutputs } from "./engine.js";
import { ItemGather } from "./item-gather.js";
import { runCalls } from "./run-calls.js";
import { useOutputs } from "./use-outputs.js";

/** How often a run of several calls checks for a cancel, ms. */
const CHECKPOINT_MS = 20;

/** Of an engine whose calls overlap, at most so many wait at once. */
const MOST_OVERLAPPING = 64;

type Work = Pick<RunRequest, "itemCount" | "mode" | "inputs" | "forwardedNames">;

/**
 * Run some items through a model: all in one call, in calls of a size that is chosen, or each in its own call.
 *
 * @param turn its checkpoint is called between the calls, about every 20 ms; it hands over with the last of them.
 * @param choice for "batched" only: the size of its calls. Without one, it is one call.
 * @param spare buffers for the outputs.
 * @returns for "batched", every output as one dense tensor, even if it does not have a row for each item. The page sees that
 *          from its shape.
 * @throws ShardError "aborted" if a checkpoint throws it, "internal" for a batch of items of different shapes; whatever the
 *         engine throws.
 */
export async function runItems(
  model: EngineModel,
  work: Work,
  { checkpoint, ...turn }: Turn,
  choice?: CallChoice,
  spare?: SpareBuffers,
): Promise<NamedShardOutputs> {
  const outputs = await runInMode(model, work, { ...turn, checkpoint: whenDue(checkpoint) }, choice, spare);
  for (const name of work.forwardedNames) {
    const output = outputs[name];
    if (output !== undefined) outputs[name] = shareOutput(output);
  }
  return outputs;
}

function runInMode(
  model: EngineModel,
  work: Work,
  turn: Turn,
  choice: CallChoice | undefined,
  spare: SpareBuffers | undefined,
): Promise<NamedShardOutputs> {
  if (work.mode === "item-by-item") {
    return (model.runRows === undefined ? runSingly : runOverlapping)(model, work, turn, spare);
  }
  return choice === undefined ? runBatch(model, work, turn) : runCalls(model, work, choice, turn.checkpoint, spare);
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

async function runBatch(model: EngineModel, { inputs, itemCount }: Work, turn: Turn): Promise<NamedShardOutputs> {
  const whole = mapValues(inputs, wholeOf);
  const names = new Set(Object.keys(inputs).filter((name) => inputs[name]!.kind !== "side"));
  const outputs = await (model.runRows?.(whole, { itemCount, names }, turn) ??
    model.run(whole, turn.handOver, turn.signal));
  return mapValues(outputs, (tensor) => ({ kind: "dense", tensor, itemShape: [1, ...tensor.shape.slice(1)] }));
}

async function runSingly(
  model: EngineModel,
  { inputs, itemCount }: Work,
  { checkpoint, handOver }: Turn,
  spare: SpareBuffers | undefined,
): Promise<NamedShardOutputs> {
  const gathered = new ItemGather(itemCount, spare);
  for (let item = 0; item < itemCount; item++) {
    await checkpoint();
    const feeds = mapValues(inputs, (input, name) => inputOf(model, input, name, item));
    const onSubmitted = item === itemCount - 1 ? handOver : undefined;
    await useOutputs(model, feeds, (outputs, areOwned) => gathered.add(outputs, areOwned), onSubmitted);
  }
  return gathered.result();
}

/** As `runSingly`, with the calls of several items under way at once. */
async function runOverlapping(
  model: EngineModel,
  { inputs, itemCount }: Work,
  { checkpoint, handOver, signal }: Turn,
  spare: SpareBuffers | undefined,
): Promise<NamedShardOutputs> {
  const gathered = new ItemGather(itemCount, spare);
  const stop = new AbortController();
  signal.addEventListener("abort", () => stop.abort(), { once: true });
  const waiting: Promise<NamedOutputs>[] = [];
  try {
    for (let item = 0; item < itemCount || waiting.length > 0;) {
      if (item < itemCount && waiting.length < MOST_OVERLAPPING) {
        const feeds = mapValues(inputs, (input, name) => inputOf(model, input, name, item));
        const call = model.run(feeds, undefined, stop.signal);
        // Whoever waits for it sees it fail; until then nobody does.
        call.catch(() => {});
        waiting.push(call);
        if (++item === itemCount) handOver();
      } else {
        await checkpoint();
        gathered.add(await waiting.shift()!, true);
      }
    }
  } finally {
    stop.abort();
  }
  return gathered.result();
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

/** The input of one call: in memory of its own, unless the engine only reads it. It may overwrite or detach what is not shared. */
function inputOf(model: EngineModel, input: RunInput, name: string, item: number): InputTensor {
  const onlyReads = model.onlyReadsInputs === true;
  if (input.kind !== "side") return requireItem(input, name, item, onlyReads ? viewItem : itemOf);
  return onlyReads || isShared(input.tensor) ? input.tensor : copyTensor(input.tensor);
}

function requireItem(
  input: Exclude<RunInput, { kind: "side" }>,
  name: string,
  item: number,
  take: typeof itemOf,
): InputTensor {
  const count = input.kind === "dense" ? (input.tensor.shape[0] ?? 0) : input.items.length;
  if (item < count) return take(input, item);
  throw new ShardError("internal", `Expected an item ${item} of the input "${name}", received ${count} items.`);
}

function shareOutput(output: ShardOutput): ShardOutput {
  if (output.kind === "dense") return { ...output, tensor: shareTensor(output.tensor) };
  return { kind: "ragged", items: tensorsOf(output).map(shareTensor) };
}

function mapValues<T, R>(values: Readonly<Record<string, T>>, map: (value: T, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
}
