import { ShardError } from "../../src/core/errors.js";
import { sameShape, type NamedShardOutputs } from "../../src/protocol/outputs.js";
import { allocateTensor, copyTensor, sliceRows, viewRows, writeRows } from "../../src/protocol/rows.js";
import { isShared } from "../../src/protocol/share-tensor.js";
import type { SpareBuffers } from "../../src/protocol/spare-buffers.js";
import type { InputTensor, Tensor } from "../../src/protocol/tensors.js";
import type { RunInput, RunRequest } from "../../src/protocol/worker-api.js";
import type { Checkpoint } from "./attempt-queue.js";
import type { CallChoice } from "./call-choices.js";
import type { EngineModel, NamedInputs, NamedOutputs } from "./engine.js";
import { useOutputs, type UseOutputs } from "./use-outputs.js";

/**
 * Run a batch in calls of the size that has shown to be quickest.
 *
 * @param checkpoint called between the calls, when it is due.
 * @param spare for the outputs.
 * @returns every output as one dense tensor with a row for each item. Where a call gives anything but a row for each of its items, or rows
 *          unlike those of the calls before, the output is "ragged": the page sees that the model takes no batches.
 * @throws as `runItems`; "out-of-memory" if a call was too large, and the next one will be smaller.
 */
export async function runCalls(
  model: EngineModel,
  { inputs, itemCount }: Pick<RunRequest, "inputs" | "itemCount">,
  choice: CallChoice,
  checkpoint: Checkpoint,
  spare?: SpareBuffers,
): Promise<NamedShardOutputs> {
  const gathered = new Map<string, Tensor>();
  for (let first = 0; first < itemCount;) {
    if (first > 0) await checkpoint();
    const count = choice.next(itemCount - first);
    const isWhole = count === itemCount;
    const startMs = performance.now();
    const feeds = isWhole ? wholeInputs(inputs) : partOf(model, inputs, first, count);
    const take: UseOutputs<NamedShardOutputs | undefined> = (outputs, areOwned) => {
      // What a call of all items gives is returned as it is.
      if (isWhole && areOwned) {
        for (const [name, tensor] of Object.entries(outputs)) gathered.set(name, tensor);
        return undefined;
      }
      const isFit = Object.entries(outputs).every(([name, rows]) =>
        gather(gathered, name, rows, { first, count, itemCount }, spare),
      );
      return isFit ? undefined : withoutRows(outputs);
    };
    let unfit: NamedShardOutputs | undefined;
    try {
      unfit = await useOutputs(model, feeds, take);
    } catch (thrown) {
      if (thrown instanceof ShardError && thrown.code === "out-of-memory") choice.tooLarge(count);
      throw thrown;
    }
    if (unfit !== undefined) return unfit;
    choice.observe(count, performance.now() - startMs, itemCount);
    first += count;
  }
  return Object.fromEntries(
    [...gathered].map(([name, tensor]) => [name, { kind: "dense", tensor, itemShape: [1, ...tensor.shape.slice(1)] }]),
  );
}

interface Rows {
  readonly first: number;
  readonly count: number;
  /** Of the shard. */
  readonly itemCount: number;
}

/** Write the rows of one call where they belong. @returns false if there is not one for each item, or if they are unlike the others. */
function gather(
  gathered: Map<string, Tensor>,
  name: string,
  rows: Tensor,
  { first, count, itemCount }: Rows,
  spare: SpareBuffers | undefined,
): boolean {
  if (rows.shape[0] !== count) {
    // Of a call of all items, the page sees that from the shape.
    if (count === itemCount) gathered.set(name, copyTensor(rows));
    return count === itemCount;
  }
  const rowShape = rows.shape.slice(1);
  const target = gathered.get(name) ?? allocateTensor(rows.dtype, [itemCount, ...rowShape], spare);
  if (target.dtype !== rows.dtype || !sameShape(target.shape.slice(1), rowShape)) return false;
  writeRows(target, first, rows);
  gathered.set(name, target);
  return true;
}

function withoutRows(outputs: NamedOutputs): NamedShardOutputs {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => [name, { kind: "ragged", items: [copyTensor(tensor)] }]),
  );
}

function wholeInputs(inputs: RunRequest["inputs"]): NamedInputs {
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, tensorOf(input, name)]));
}

/** Inputs of one call: a view of what an engine only reads, else a copy, which it may keep or overwrite. */
function partOf(model: EngineModel, inputs: RunRequest["inputs"], first: number, count: number): NamedInputs {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => {
      const tensor = tensorOf(input, name);
      const canView = model.onlyReadsInputs === true || isShared(tensor);
      if (input.kind === "side") return [name, canView ? tensor : copyTensor(tensor)];
      return [name, canView ? viewRows(tensor, first, count) : sliceRows(tensor, first, count)];
    }),
  );
}

function tensorOf(input: RunInput, name: string): InputTensor {
  if (input.kind !== "ragged") return input.tensor;
  throw new ShardError(
    "internal",
    `Expected items of one shape for the batched input "${name}", received ragged ones.`,
  );
}
