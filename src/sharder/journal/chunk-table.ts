import type { ItemRange } from "../../core/dispatch/types.js";
import { sliceRows } from "../../protocol/rows.js";
import type { FinishedOutput, FinishedShard } from "../job/shard-sink.js";

/** Which items each batch of a stream's source has, in the order of the batches. */
export class ChunkTable {
  /** Where each chunk begins, and the end of the last. */
  readonly #starts: number[] = [0];

  get itemCount(): number {
    return this.#starts.at(-1)!;
  }

  /** @returns the number and the items of the new chunk. */
  add(itemCount: number): ItemRange & { readonly chunk: number } {
    const firstItem = this.itemCount;
    this.#starts.push(firstItem + itemCount);
    return { chunk: this.#starts.length - 2, firstItem, itemCount };
  }

  /** Divide a shard at the ends of the chunks that it reaches over. A shard within one chunk is returned as it is. */
  divide(shard: FinishedShard): readonly { readonly chunk: number; readonly shard: FinishedShard }[] {
    const { firstItem, itemCount } = shard;
    const end = firstItem + itemCount;
    const pieces = [];
    for (let chunk = this.#chunkOf(firstItem), first = firstItem; first < end; chunk++) {
      const next = Math.min(end, this.#starts[chunk + 1]!);
      pieces.push({ chunk, shard: cutShard(shard, first - firstItem, next - first) });
      first = next;
    }
    return pieces;
  }

  /** Bisects. */
  #chunkOf(item: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= item) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Some items of a shard. What one call gave has no items to be taken apart; such a shard lies within one chunk. */
function cutShard(shard: FinishedShard, first: number, itemCount: number): FinishedShard {
  if (itemCount === shard.itemCount) return shard;
  const outputs = Object.entries(shard.outputs).map(([name, output]): [string, FinishedOutput] => {
    if (output.kind === "ragged")
      return [name, { kind: "ragged", items: output.items.slice(first, first + itemCount) }];
    return [name, { ...output, tensor: sliceRows(output.tensor, first, itemCount) }];
  });
  return { ...shard, firstItem: shard.firstItem + first, itemCount, outputs: Object.fromEntries(outputs) };
}
