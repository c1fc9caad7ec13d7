import { ShardError } from "../../core/errors.js";
import { sameShape } from "../../protocol/outputs.js";
import { concatRows, sliceRows } from "../../protocol/rows.js";
import type { InputTensor, Tensor } from "../../protocol/tensors.js";
import type { PreparedInputs } from "./prepare-inputs.js";

/** Relative to the largest value. Far above rounding on any backend, far below the effect of mixing up items. */
const PROBE_TOLERANCE = 1e-3;

type Inputs = Readonly<Record<string, InputTensor>>;

/** One call of the whole model, outside any job. Inputs and outputs go by public name. */
export type RunOnce = (inputs: Inputs) => Promise<Readonly<Record<string, Tensor>>>;

/**
 * Try out whether the model gives the same for a batch as for its items.
 * @returns `undefined` if two items of these inputs can't show it.
 * @throws ShardError if even a single item fails; "worker-lost", "worker-timeout" if a worker did not survive the trial.
 */
export async function probeBatch(
  { tensors, batchedNames }: PreparedInputs,
  run: RunOnce,
): Promise<boolean | undefined> {
  const inputs = probeInputs(tensors, batchedNames);
  if (inputs === undefined) return undefined;
  const alone = await run(inputs.alone);
  let paired: Readonly<Record<string, Tensor>>;
  try {
    paired = await run(inputs.paired);
  } catch (thrown) {
    if (isWorkerLoss(thrown)) throw thrown;
    return false;
  }
  return Object.entries(alone).every(
    ([name, tensor]) => paired[name] !== undefined && isRowOfPair(tensor, paired[name]),
  );
}

/** Whether a worker was lost, which says nothing about the model. */
export function isWorkerLoss(thrown: unknown): thrown is ShardError {
  return thrown instanceof ShardError && (thrown.code.startsWith("worker-") || thrown.code === "disposed");
}

/** The first item of a batch: alone, and in a pair with another item. */
interface ProbeInputs {
  readonly alone: Inputs;
  readonly paired: Inputs;
}

/**
 * Make the inputs of a trial: the first item, and a pair of it with another item that is made from it.
 * @returns `undefined` if no other item can be made.
 */
function probeInputs(inputs: Inputs, batchedNames: readonly string[]): ProbeInputs | undefined {
  const alone = { ...inputs };
  const paired = { ...inputs };
  let isDifferent = false;
  for (const name of batchedNames) {
    const item = sliceRows(inputs[name]!, 0, 1);
    const other = unlike(item);
    isDifferent ||= other !== item;
    alone[name] = item;
    paired[name] = concatRows([item, other]);
  }
  return isDifferent ? { alone, paired } : undefined;
}

/**
 * Whether the first item's output alone equals its row in the pair's output. If it differs, or the pair's output lacks a row for each
 * item, the model takes no batches.
 */
function isRowOfPair(alone: Tensor, paired: Tensor): boolean {
  const isRow = alone.shape[0] === 1 && paired.shape[0] === 2 && sameShape(alone.shape.slice(1), paired.shape.slice(1));
  return isRow && isClose(sliceRows(paired, 0, 1), alone);
}

function isClose(a: Tensor, b: Tensor): boolean {
  if (a.dtype === "string" || b.dtype === "string") return a.data.join() === b.data.join();
  const [received, expected]: [ArrayLike<number>, ArrayLike<number>] = [a.data, b.data];
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]!));
  for (let i = 0; i < expected.length; i++) {
    const isSame = Object.is(received[i], expected[i]);
    if (!isSame && !(Math.abs(received[i]! - expected[i]!) <= PROBE_TOLERANCE * largest)) return false;
  }
  return true;
}

/** Another item of the same kind: its elements rotated, or changed if they are all alike; the item itself if it has none. */
function unlike<T extends InputTensor>(item: T): T {
  const { data } = item;
  if (Array.isArray(data)) {
    const turned = [...data.slice(1), ...data.slice(0, 1)];
    const isSame = turned.every((text, i) => text === data[i]);
    return data.length === 0 ? item : { ...item, data: isSame ? turned.map((text) => `${text}x`) : turned };
  }
  if (data.length === 0) return item;
  const turned = data.slice();
  turned.set(data.subarray(1));
  turned[data.length - 1] = data[0]!;
  const isSame = turned.every((value, i) => Object.is(value, data[i]));
  return { ...item, data: isSame ? turned.map((value) => (item.dtype === "bool" ? 1 - value : value + 1)) : turned };
}
