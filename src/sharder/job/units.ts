import type { ItemRange } from "../../core/dispatch/types.js";
import type { BatchMode } from "../../protocol/model-on-wire.js";
import { splitItems, type ShardOutput } from "../../protocol/outputs.js";
import type { Tensor } from "../../protocol/tensors.js";
import type { FinishedOutput } from "./shard-sink.js";

/**
 * What a job's state machine counts. For a model that takes single items that is one item, for one that takes groups of N it is N
 * items, and for one that takes whole batches it is one batch that was passed in. Everything else, workers and stages too, takes a
 * unit as one item.
 */
export class Units {
  /** Whether a unit is a single item. */
  readonly areItems: boolean;
  readonly #mode: BatchMode;
  readonly #groupItemCount: number;
  /** For whole batches: where each begins, and the end of the last. */
  readonly #starts: number[] = [0];

  /** @param groupItemCount how many items are a group, ≥ 1. */
  constructor(mode: BatchMode, groupItemCount: number) {
    this.#mode = mode;
    this.#groupItemCount = mode === "groups" ? groupItemCount : 1;
    this.areItems = mode === "batched" || mode === "item-by-item";
  }

  /** Whether a unit is a whole batch, whatever its shapes. */
  get areBatches(): boolean {
    return this.#mode === "whole";
  }

  /** More items have come, as one batch. @returns how many units they are. */
  add(itemCount: number): number {
    if (!this.areBatches) return itemCount / this.#groupItemCount;
    this.#starts.push(this.#starts.at(-1)! + itemCount);
    return 1;
  }

  /** The items of some units. */
  itemsOf({ firstItem: first, itemCount: count }: ItemRange): ItemRange {
    if (!this.areBatches) {
      return { firstItem: first * this.#groupItemCount, itemCount: count * this.#groupItemCount };
    }
    const firstItem = this.#starts[first]!;
    return { firstItem, itemCount: this.#starts[first + count]! - firstItem };
  }

  /** The units of the last batch whose items are all among some ranges, which are ascending. */
  doneUnits(itemCount: number, done: readonly ItemRange[]): ItemRange[] {
    if (!this.areBatches) {
      const size = this.#groupItemCount;
      return done.flatMap(({ firstItem, itemCount: count }) => {
        const first = Math.ceil(firstItem / size);
        const end = Math.floor((firstItem + count) / size);
        return end > first ? [{ firstItem: first, itemCount: end - first }] : [];
      });
    }
    const doneCount = done.reduce((total, range) => total + range.itemCount, 0);
    return doneCount === itemCount ? [{ firstItem: this.#starts.length - 2, itemCount: 1 }] : [];
  }

  /** How many items a unit has, on average. */
  get meanItemCount(): number {
    return this.areBatches ? this.#starts.at(-1)! / Math.max(1, this.#starts.length - 1) : this.#groupItemCount;
  }

  /** Take the outputs of some units apart, into what the sink accepts. */
  shardsOf(
    units: ItemRange,
    outputs: Readonly<Record<string, ShardOutput>>,
  ): { readonly range: ItemRange; readonly outputs: Readonly<Record<string, FinishedOutput>> }[] {
    if (this.areItems) return [{ range: this.itemsOf(units), outputs }];
    const tensors = Object.entries(outputs).map(([name, output]) => [name, unitsOf(output, units.itemCount)] as const);
    return Array.from({ length: units.itemCount }, (_, index) => ({
      range: this.itemsOf({ firstItem: units.firstItem + index, itemCount: 1 }),
      outputs: Object.fromEntries(tensors.map(([name, each]) => [name, { kind: "call", tensor: each[index]! }])),
    }));
  }
}

/** The tensor of each unit. That of a single one is not copied. */
function unitsOf(output: ShardOutput, unitCount: number): readonly Tensor[] {
  if (output.kind === "ragged" || unitCount > 1) return splitItems(output);
  return [{ ...output.tensor, shape: output.itemShape.slice() }];
}
