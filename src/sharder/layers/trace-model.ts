import { ShardError } from "../../core/errors.js";
import { seededRandom } from "../../core/random.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { batchLayoutOf, mayCarryItems } from "../../model/batch/batch-layout.js";
import type { TensorSpec } from "../../protocol/model-on-wire.js";
import { copyTensor, sliceRows } from "../../protocol/rows.js";
import { elementCountOf, type InputTensor } from "../../protocol/tensors.js";
import type { TraceRequest, TraceResult } from "../../protocol/worker-api.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";

/** Timed runs of a layer, of which the fastest counts. */
const RUN_COUNT = 3;
const SYNTHETIC_SEED = 1;
/** The largest input of one item that is made up: 256 MB of float32. A larger one has to come from the caller. */
const MAX_SYNTHETIC_ELEMENTS = 2 ** 26;

/** A worker is ended that takes so many times as long as another one of its kind, and this floor, ms. */
const LIMIT_FACTOR = 10;
const LIMIT_FLOOR_MS = 10_000;

let traceCounter = 0;

/** A measured worker and its trace. */
export interface WorkerTrace {
  readonly worker: PoolWorker;
  readonly trace: TraceResult;
}

/**
 * Run one item through the model, layer by layer, on all given workers at the same time: they share the machine, as in a job.
 *
 * @param item by `TensorKey`, one row of each batched input.
 * @returns the traces of the workers that answered.
 * @throws ShardError if none answered: the error of the first.
 */
export async function traceModel(
  model: StagedModel,
  item: TraceRequest["inputs"],
  workers: readonly PoolWorker[],
  signal?: AbortSignal,
): Promise<WorkerTrace[]> {
  const layers = model.stages(model.layers.map((_, index) => index).slice(1)).map(({ wire }) => wire);
  const startMs = performance.now();
  /** How long the quickest of each kind has taken, ms. */
  const quickestMs = new Map<string, number>();
  const results = await Promise.allSettled(
    workers.map(async (worker) => {
      const limitMs = (): number => LIMIT_FLOOR_MS + LIMIT_FACTOR * (quickestMs.get(worker.kind) ?? Infinity);
      const attemptId = `trace/${++traceCounter}`;
      const cancel = (): void => worker.cancel([attemptId]);
      signal?.addEventListener("abort", cancel, { once: true });
      try {
        const trace = await worker.trace({ attemptId, layers, inputs: item, runCount: RUN_COUNT }, limitMs);
        const isComplete = trace.layers.length === layers.length;
        if (isComplete && !quickestMs.has(worker.kind)) quickestMs.set(worker.kind, performance.now() - startMs);
        return { worker, trace };
      } finally {
        signal?.removeEventListener("abort", cancel);
      }
    }),
  );
  const traces = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failure = results.find((result) => result.status === "rejected");
  if (traces.length === 0 && failure !== undefined) throw failure.reason as ShardError;
  return traces;
}

/**
 * Make up an item, or a call of one that takes several at once, from what the model says about its inputs: noise from 0 to 1, or zeros for whole numbers, since token 0 is in every
 * vocabulary.
 * @returns `undefined` if the model leaves a size free, or if an input is too large to be made up.
 */
export function syntheticItem(inputs: readonly TensorSpec[]): Record<string, InputTensor> | undefined {
  const item: [name: string, tensor: InputTensor][] = [];
  const layout = batchLayoutOf(inputs);
  for (const spec of inputs) {
    const { name, shape, dtype } = spec;
    const sizes = shape?.map((size, axis) => (axis === 0 && size === -1 && mayCarryItems(spec, layout) ? 1 : size));
    if (sizes === undefined || sizes.some((size) => size < 0)) return undefined;
    if (elementCountOf(sizes) > MAX_SYNTHETIC_ELEMENTS) return undefined;
    item.push([name, synthesise(dtype, sizes)]);
  }
  return Object.fromEntries(item);
}

function synthesise(dtype: TensorSpec["dtype"], shape: number[]): InputTensor {
  const length = elementCountOf(shape);
  switch (dtype) {
    case "float32": {
      const random = seededRandom(SYNTHETIC_SEED);
      return { dtype, shape, data: Float32Array.from({ length }, () => random()) };
    }
    case "int32":
      return { dtype, shape, data: new Int32Array(length) };
    case "bool":
      return { dtype, shape, data: new Uint8Array(length) };
    case "string":
      return { dtype, shape, data: Array.from({ length }, () => "") };
  }
}

/**
 * The first item of a batch, or as many as a call takes, with the inputs that go with every item.
 * @param itemCount more items, for a model that takes whole batches.
 */
export function firstItem(
  { tensors, batchedNames, groupItemCount }: PreparedInputs,
  itemCount = groupItemCount,
): Record<string, InputTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      batchedNames.includes(name) ? sliceRows(tensor, 0, itemCount) : tensor,
    ]),
  );
}

/** Copies of inputs by public name, as inputs by `TensorKey`. */
export function byTensorKey(model: StagedModel, inputs: Readonly<Record<string, InputTensor>>): TraceRequest["inputs"] {
  return Object.fromEntries(Object.entries(model.inputKeys).map(([name, key]) => [key, copyTensor(inputs[name]!)]));
}
