import { ShardError } from "../../core/errors.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import type { BatchMode } from "../../protocol/model-on-wire.js";
import { sameShape } from "../../protocol/outputs.js";
import { concatRows, sliceRows } from "../../protocol/rows.js";
import type { InputTensor, Tensor } from "../../protocol/tensors.js";
import type { PreparedInputs } from "./prepare-inputs.js";
import { PROBE_ITEM_COUNT, probeItems } from "./probe-items.js";

/** Relative to the largest value. Batches of any size give the same bits on WASM and CPU, for almost all models. */
const EXACT_TOLERANCE = 1e-5;
/** For GPUs, which choose kernels by shape and may compute with 16 bits. */
const ROUGH_TOLERANCE = 1e-3;

/** A larger batch is not run in a trial: where three items fail for want of memory, it could cost the worker. */
const MAX_GIVEN_ITEM_COUNT = 64;

type Inputs = Readonly<Record<string, InputTensor>>;
type Outputs = Readonly<Record<string, Tensor>>;

/** One call of the whole model, outside any job. Inputs and outputs go by public name. */
export type RunOnce = (inputs: Inputs) => Promise<Outputs>;

/** What a trial has shown. */
export interface TrialFinding {
  readonly mode: BatchMode;
  /** For people. */
  readonly reason: string;
  /** A batch and its items both ran, and gave different values. */
  readonly differs?: boolean;
}

/** How a trial is made. */
export interface Trial {
  readonly run: RunOnce;
  /** Whether results don't depend on the size of the batch by rounding. */
  readonly isExact: boolean;
  /** It is known that the items depend on each other: only whether a batch runs at all has to be tried. */
  readonly isMixed: boolean;
}

/** Whether a worker computes a batch as it computes single items, up to almost nothing. */
export function isExactWorker({ spec }: Pick<PoolWorker, "spec">): boolean {
  return spec.backend === "wasm" || spec.backend === "cpu";
}

/** The worker for a trial: one that is exact, if there is any, and a server only if there is nothing else. */
export function trialWorker<W extends Pick<PoolWorker, "spec">>(workers: readonly W[]): W | undefined {
  return workers.find(isExactWorker) ?? workers.find(({ spec }) => spec.backend !== "remote") ?? workers[0];
}

/**
 * Try out how the model takes a batch: three items that differ in sum, extremes, norm and sign are run together and one by one.
 *
 * A batch that runs is what counts, as TensorFlow would run it: if its rows are those of its items, the model takes batches of any
 * size; if not, it takes whole batches. Only a model whose batch fails where its items run takes them one by one.
 *
 * @returns `undefined` if items of these inputs can't show it.
 * @throws ShardError if neither runs; "worker-lost", "worker-timeout" if a worker did not survive the trial.
 */
export async function probeBatch(
  { tensors, batchedNames, itemCount }: PreparedInputs,
  { run, isExact, isMixed }: Trial,
): Promise<TrialFinding | undefined> {
  const items = probeItems(tensors, batchedNames);
  if (items === undefined) return undefined;
  const together = Object.fromEntries(
    Object.keys(tensors).map((name) => [
      name,
      batchedNames.includes(name) ? concatRows(items.map((item) => item[name]!)) : tensors[name]!,
    ]),
  );
  const batch = await tryRun(() => run(together));
  if (batch.ok && isMixed) return { mode: "whole", reason: "its items depend on each other" };
  if (batch.ok && !Object.values(batch.outputs).every(({ shape }) => shape[0] === PROBE_ITEM_COUNT)) {
    return { mode: "whole", reason: "a batch does not have a row for each item in every output" };
  }
  for (const [index, item] of items.entries()) {
    const alone = await tryRun(() => run(item));
    if (!alone.ok) {
      if (!batch.ok) throw alone.error;
      return { mode: "whole", reason: "a batch runs, but a single item does not" };
    }
    // One item that runs is enough to show that the batch is at fault, unless it was stretched to a size that the model fixes inside.
    if (!batch.ok) {
      const isStretched = !Object.values(alone.outputs).every(({ shape }) => shape[0] === 1);
      if (isStretched || (await runsAsGiven({ tensors, itemCount }, run))) {
        return { mode: "whole", reason: "a batch runs at one size, and not at every size" };
      }
      return { mode: "item-by-item", reason: "a batch fails where single items run" };
    }
    if (!isRow(batch.outputs, alone.outputs, index, isExact ? EXACT_TOLERANCE : ROUGH_TOLERANCE)) {
      const reason = "a trial has shown that a batch gives something else than its items";
      return { mode: "whole", reason, differs: true };
    }
  }
  return { mode: "batched", reason: "a trial has shown that a batch gives the same as its items" };
}

/** Whether the batch itself runs, though another one does not. */
async function runsAsGiven(
  { tensors, itemCount }: Pick<PreparedInputs, "tensors" | "itemCount">,
  run: RunOnce,
): Promise<boolean> {
  if (itemCount === 1 || itemCount === PROBE_ITEM_COUNT || itemCount > MAX_GIVEN_ITEM_COUNT) return false;
  return (await tryRun(() => run(tensors))).ok;
}

/** Whether a worker or its server was lost, which says nothing about the model. */
export function isWorkerLoss(thrown: unknown): thrown is ShardError {
  return thrown instanceof ShardError && (/^(worker|server)-/.test(thrown.code) || thrown.code === "disposed");
}

type Tried = { readonly ok: true; readonly outputs: Outputs } | { readonly ok: false; readonly error: unknown };

async function tryRun(run: () => Promise<Outputs>): Promise<Tried> {
  try {
    return { ok: true, outputs: await run() };
  } catch (error) {
    if (isWorkerLoss(error)) throw error;
    return { ok: false, error };
  }
}

/** Whether what an item gives alone is its row of what the batch gave. */
function isRow(batch: Outputs, alone: Outputs, index: number, tolerance: number): boolean {
  return Object.entries(alone).every(([name, tensor]) => {
    const rows = batch[name];
    if (rows === undefined || rows.dtype !== tensor.dtype || tensor.shape[0] !== 1) return false;
    if (!sameShape(tensor.shape.slice(1), rows.shape.slice(1))) return false;
    return isClose(sliceRows(rows, index, 1), tensor, tolerance * largestOf(rows));
  });
}

function largestOf({ data }: Tensor): number {
  let largest = 0;
  for (const value of data)
    if (typeof value === "number" && Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return largest;
}

function isClose(a: Tensor, b: Tensor, tolerance: number): boolean {
  if (a.dtype === "string" || b.dtype === "string")
    return a.data.every((text: unknown, i: number) => text === b.data[i]);
  const [received, expected]: [ArrayLike<number>, ArrayLike<number>] = [a.data, b.data];
  for (let i = 0; i < expected.length; i++) {
    const isSame = Object.is(received[i], expected[i]);
    if (!isSame && !(Math.abs(received[i]! - expected[i]!) <= tolerance)) return false;
  }
  return true;
}
