import { denseShape } from "../../protocol/outputs.js";
import { fillerLike } from "./fillers.js";
import type { RecordedShard } from "../../protocol/journal-api.js";
import type { OnItemError } from "../options.js";
import type { FinishedOutput, FinishedShard, ShardSink } from "./shard-sink.js";

/** Told when something has happened. */
export interface Ringer {
  ring(): void;
}

/** Finished shards that the consumer has not taken. */
export class WaitingShards implements ShardSink {
  readonly #order: "input" | "completion";
  readonly #bell: Ringer;
  readonly #shards = new Map<number, FinishedShard | RecordedShard>();
  readonly #reportsFailures: boolean;
  #nextItem = 0;
  /** The latest outputs, for their shapes. */
  #template: FinishedShard["outputs"] = {};

  constructor(order: "input" | "completion", bell: Ringer, onItemError: OnItemError) {
    this.#order = order;
    this.#bell = bell;
    this.#reportsFailures = onItemError === "report";
  }

  get count(): number {
    return this.#shards.size;
  }

  accept(shard: FinishedShard): void {
    if (shard.itemErrors === undefined) this.#template = shard.outputs;
    this.#shards.set(shard.firstItem, shard);
    this.#bell.ring();
  }

  /** These were finished by an earlier run. They are read once it is their turn. */
  addRecorded(shards: readonly RecordedShard[]): void {
    for (const shard of shards) this.#shards.set(shard.firstItem, shard);
  }

  /** The next shard in the requested order; `undefined` if it is not finished. Items that failed are left out, or have fillers. */
  take(): FinishedShard | RecordedShard | undefined {
    for (let shard = this.#next(); shard !== undefined; shard = this.#next()) {
      if (!("itemErrors" in shard) || shard.itemErrors === undefined) return shard;
      if (this.#reportsFailures) return { ...shard, outputs: fillOutputs(this.#template, shard.itemCount) };
    }
    return undefined;
  }

  #next(): FinishedShard | RecordedShard | undefined {
    const shard = this.#order === "input" ? this.#shards.get(this.#nextItem) : this.#shards.values().next().value;
    if (shard === undefined) return undefined;
    this.#shards.delete(shard.firstItem);
    this.#nextItem = shard.firstItem + shard.itemCount;
    return shard;
  }
}

/** Outputs of items that failed, with the shapes of others'. */
function fillOutputs(like: FinishedShard["outputs"], itemCount: number): FinishedShard["outputs"] {
  return Object.fromEntries(Object.entries(like).map(([name, output]) => [name, fillOutput(output, itemCount)]));
}

function fillOutput(output: FinishedOutput, itemCount: number): FinishedOutput {
  switch (output.kind) {
    case "dense": {
      const { itemShape, tensor } = output;
      return { kind: "dense", itemShape, tensor: fillerLike({ ...tensor, shape: denseShape(itemShape, itemCount) }) };
    }
    case "ragged":
      return { kind: "ragged", items: Array.from({ length: itemCount }, () => fillerLike(output.items[0]!)) };
    case "call":
      return { kind: "call", tensor: fillerLike(output.tensor) };
  }
}
