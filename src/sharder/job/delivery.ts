import type { ItemRange } from "../../core/dispatch/types.js";
import type { JobItems } from "./job-items.js";
import type { FinishedShard, ShardSink } from "./shard-sink.js";

interface DeliveryParts {
  readonly sink: ShardSink;
  readonly items: JobItems;
  /** The sink has rejected a shard that it had taken. */
  readonly onRefused: (thrown: unknown) => void;
  /** The sink has settled about a shard that it had taken: perhaps that was the last one. */
  readonly onSettled: () => void;
}

/** Hands a job's finished items to its sink. The sink may take its time: their inputs are released once it has accepted them. */
export class Delivery {
  readonly #parts: DeliveryParts;
  /** Shards that the sink has not accepted yet. */
  #waitingCount = 0;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Whether the sink has accepted everything that it was given. */
  get isAccepted(): boolean {
    return this.#waitingCount === 0;
  }

  /** @throws what the sink throws. */
  give(shard: FinishedShard): void {
    const { sink, items } = this.#parts;
    const { firstItem, itemCount } = shard;
    items.completedItemCount += itemCount;
    const accepted = sink.accept(shard);
    if (accepted === undefined) items.release({ firstItem, itemCount });
    else void this.#whenAccepted({ firstItem, itemCount }, accepted);
  }

  async #whenAccepted(range: ItemRange, accepted: Promise<void>): Promise<void> {
    const { items, onRefused, onSettled } = this.#parts;
    this.#waitingCount++;
    try {
      await accepted;
    } catch (thrown) {
      onRefused(thrown);
    }
    this.#waitingCount--;
    items.release(range);
    onSettled();
  }
}
