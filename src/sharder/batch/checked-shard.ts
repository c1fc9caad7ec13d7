import type { ItemRange } from "../../core/dispatch/types.js";
import { predictMs } from "../../core/throughput/throughput.js";
import type { FinishedRun } from "../../pool/worker-runs.js";
import type { WireModel } from "../../protocol/model-on-wire.js";
import { sliceItems } from "../../protocol/outputs.js";
import type { JobItems } from "../job/job-items.js";
import { outputBytes, type CheckedResult } from "../verify/checked-result.js";
import type { Dispatcher } from "./dispatcher.js";
import { WHOLE_MODEL, type ShardRun } from "./shard-runs.js";

/** Units of a shard that no other attempt had completed, and what a worker computed for them. */
export interface ComputedPart {
  readonly units: ItemRange;
  readonly outputs: FinishedRun["outputs"];
}

/** Where a shard's result comes from. */
export interface ShardSource {
  /** The whole model. */
  readonly wire: WireModel;
  readonly dispatcher: Dispatcher;
  readonly items: JobItems;
  readonly priority: number;
}

/** What another worker needs to compute a part of a shard again. */
export function checkedShard(
  { wire, dispatcher, items, priority }: ShardSource,
  { worker, mode }: ShardRun,
  { units, outputs }: ComputedPart,
  unitClass: string,
): CheckedResult {
  return {
    worker,
    model: { key: WHOLE_MODEL, weightBytes: () => 0, wire: () => wire },
    shapeClass: unitClass,
    mode,
    priority,
    itemCount: units.itemCount,
    hasRows: true,
    outputs,
    isFinal: () => true,
    byteCount: outputBytes(outputs),
    predictMs: ({ id }, unitCount) => {
      const throughput = dispatcher.throughputOf(id);
      return throughput && predictMs(throughput, unitCount);
    },
    inputsOf: ({ firstItem, itemCount }) => items.cut({ firstItem: units.firstItem + firstItem, itemCount }),
  };
}

/** The part of a shard that is still wanted. @param units within those of the shard. */
export function partOf(shard: ItemRange, outputs: FinishedRun["outputs"], units: ItemRange): ComputedPart {
  if (units.itemCount === shard.itemCount) return { units, outputs };
  const first = units.firstItem - shard.firstItem;
  const wanted = Object.entries(outputs).map(([name, output]) => [name, sliceItems(output, first, units.itemCount)]);
  return { units, outputs: Object.fromEntries(wanted) };
}
