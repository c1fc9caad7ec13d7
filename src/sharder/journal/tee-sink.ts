import type { FinishedShard, ShardSink } from "../job/shard-sink.js";

/** Gives every shard to two sinks. It is accepted once both have accepted it. */
export class TeeSink implements ShardSink {
  readonly #first: ShardSink;
  readonly #second: ShardSink;

  /** @param first may not keep the outputs beyond `accept`: the second may give them away. */
  constructor(first: ShardSink, second: ShardSink) {
    this.#first = first;
    this.#second = second;
  }

  accept(shard: FinishedShard): void | Promise<void> {
    const accepted = [this.#first.accept(shard), this.#second.accept(shard)].filter((each) => each !== undefined);
    return accepted.length === 0 ? undefined : Promise.all(accepted).then(() => {});
  }
}
