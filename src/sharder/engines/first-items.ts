import type { PoolWorker } from "../../pool/pool-worker.js";
import type { BatchMode } from "../../protocol/model-on-wire.js";
import { copyTensor, sliceRows } from "../../protocol/rows.js";
import type { InputTensor, Tensor } from "../../protocol/tensors.js";
import { WHOLE_MODEL } from "../batch/shard-runs.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import { callOnce } from "../job/call-once.js";
import { compareOutputs } from "../verify/compare-outputs.js";

/** Of the largest value: what two engines may differ by. */
const TOLERANCE = 1e-4;
/** So many items are compared. */
const ITEM_COUNT = 3;
/** Copies are kept for as long as TF.js's workers are the only ones: of larger items none are. */
const MOST_BYTES = 32 * 2 ** 20;

/** The inputs of one call, by name. */
export type CallInputs = Readonly<Record<string, InputTensor>>;

/**
 * Copy the first items of a job: the inputs of one call for each, or of one for a group or a whole batch where the model takes these.
 * The caller's buffers are not kept. None of those that are too large to be kept for long.
 */
export function firstItems(
  { tensors, batchedNames, itemCount, groupItemCount }: PreparedInputs,
  mode: BatchMode,
): readonly CallInputs[] {
  const perCall = mode === "whole" ? itemCount : mode === "groups" ? groupItemCount : 1;
  const callCount = Math.min(Math.floor(itemCount / perCall), perCall === 1 ? ITEM_COUNT : 1);
  const bytesOfCalls = Object.entries(tensors).map(([name, { data }]) => {
    const byteCount = "byteLength" in data ? data.byteLength : 16 * data.length;
    return callCount * (batchedNames.includes(name) ? (byteCount * perCall) / itemCount : byteCount);
  });
  if (bytesOfCalls.reduce((sum, each) => sum + each, 0) > MOST_BYTES) return [];
  return Array.from({ length: callCount }, (_, call) =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]): [string, InputTensor] => [
        name,
        batchedNames.includes(name) ? sliceRows(tensor, call * perCall, perCall) : copyTensor(tensor),
      ]),
    ),
  );
}

/**
 * Run the same calls on workers of two engines.
 * @param reference whose results count as right.
 * @returns why the other one may not be used; `undefined` if they agree within 1e-4 of the largest value of each output.
 * @throws ShardError as `callOnce`
 */
export async function whyDifferent(
  calls: readonly CallInputs[],
  reference: PoolWorker,
  other: PoolWorker,
): Promise<string | undefined> {
  for (const inputs of calls) {
    const [expected, received] = await Promise.all([
      callOnce(reference, WHOLE_MODEL, inputs),
      callOnce(other, WHOLE_MODEL, inputs),
    ]);
    const gap = compareOutputs(asOutputs(received), asOutputs(expected), { floor: 0, scales: new Map() });
    if (gap.differingCount > 0) {
      return "its results for the first items have other integers, booleans, texts or shapes than those of TF.js";
    }
    if (gap.relative > TOLERANCE) {
      return `its results for the first items differ from those of TF.js by ${gap.relative.toExponential(1)} of the largest value; ${TOLERANCE.toExponential()} is allowed`;
    }
  }
  return undefined;
}

function asOutputs(tensors: Readonly<Record<string, Tensor>>) {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, { kind: "ragged" as const, items: [tensor] }]),
  );
}
