import type { FinishedShard, ShardSink } from "../job/shard-sink.js";

/** Gives every shard to one sink, and once that has accepted it, to another. */
export class TeeSink implements ShardSink {
  readonly #first: ShardSink;
  readonly #second: ShardSink;

  /** @param first such as a journal: whatever the second has got is recorded. */
  constructor(first: ShardSink, second: ShardSink) {
    this.#first = first;
    this.#second = second;
  }

  accept(shard: FinishedShard): void | Promise<void> {
    // That one has copied the outputs doesn't mean that the other has.
    const kept = { ...shard, onCopied: undefined };
    const accepted = this.#first.accept(kept);
    return accepted === undefined ? this.#second.accept(kept) : accepted.then(() => this.#second.accept(kept));
  }
}
