import { ShardError } from "../../core/errors.js";
import type { ItemRange } from "../../core/dispatch/types.js";
import { denseShape, raggedOf, sameShape, splitItems, type ShardOutput } from "../../protocol/outputs.js";
import { allocateTensor, concatRows, writeRows } from "../../protocol/rows.js";
import type { Outputs, OutputValue, Tensor } from "../../protocol/tensors.js";
import { fillerLike, fillRows } from "./fillers.js";
import type { CallOutput, FinishedOutput, FinishedShard, ShardSink } from "./shard-sink.js";

/** One output of the whole batch while it is being gathered. */
type Slot =
  | { kind: "dense"; tensor: Tensor; itemShape: readonly number[] }
  | { kind: "ragged"; items: (Tensor | undefined)[] }
  /** One tensor for each call of a model that takes groups or whole batches, by first item. */
  | { kind: "calls"; tensors: Map<number, Tensor> };

/**
 * Collects the shards of a batch and writes each straight into its place. Memory is allocated when the first shard has shown the
 * shapes. An output whose items turn out to differ in shape becomes one tensor per item.
 */
export class Gather implements ShardSink {
  readonly #itemCount: number;
  readonly #slots = new Map<string, Slot>();
  readonly #written: ItemRange[] = [];
  readonly #failed: ItemRange[] = [];

  constructor(itemCount: number) {
    this.#itemCount = itemCount;
  }

  /** @throws ShardError "out-of-memory" if the result can't be allocated. */
  accept({ firstItem, itemCount, outputs, onCopied, itemErrors }: FinishedShard): void {
    const range = { firstItem, itemCount };
    if (itemErrors !== undefined) {
      this.#failed.push(range);
      return;
    }
    for (const [name, output] of Object.entries(outputs)) {
      if (output.kind === "call") {
        this.#keep(name, firstItem, output);
        continue;
      }
      if (itemCount === this.#itemCount && isWhole(output)) {
        this.#slots.set(name, { ...output });
        continue;
      }
      const slot = this.#slots.get(name) ?? this.#allocate(output);
      this.#slots.set(name, this.#fits(slot, output) ? slot : this.#makeRagged(slot));
      this.#writeInto(this.#slots.get(name)!, range, output, onCopied);
    }
    this.#written.push(range);
  }

  /** The whole batch. Call it once every item has been written or has failed. Items that failed have fillers, if any has not. */
  result(): Outputs {
    for (const range of this.#failed) this.#fill(range);
    const entries = [...this.#slots].map(([name, slot]): [string, OutputValue] => [
      name,
      slot.kind === "dense"
        ? slot.tensor
        : slot.kind === "ragged"
          ? raggedOf(slot.items as Tensor[])
          : this.#joinCalls(slot.tensors),
    ]);
    return Object.fromEntries(entries);
  }

  /** Put fillers where items failed. Their shapes are those of an item that did not. */
  #fill({ firstItem, itemCount }: ItemRange): void {
    for (const slot of this.#slots.values()) {
      if (slot.kind === "dense") {
        fillRows(slot.tensor, firstItem, itemCount);
      } else if (slot.kind === "ragged") {
        const like = slot.items.find((item) => item !== undefined)!;
        for (let item = firstItem; item < firstItem + itemCount; item++) slot.items[item] = fillerLike(like);
      } else {
        const [like] = slot.tensors.values();
        if (like !== undefined) slot.tensors.set(firstItem, fillerLike(like));
      }
    }
  }

  #keep(name: string, firstItem: number, { tensor }: CallOutput): void {
    const slot = this.#slots.get(name);
    if (slot?.kind === "calls") slot.tensors.set(firstItem, tensor);
    else this.#slots.set(name, { kind: "calls", tensors: new Map([[firstItem, tensor]]) });
  }

  /** What a single call gave is returned as it is. The rows of several groups are joined; without rows, there is a tensor for each. */
  #joinCalls(calls: ReadonlyMap<number, Tensor>): OutputValue {
    const tensors = [...calls].toSorted(([a], [b]) => a - b).map(([, tensor]) => tensor);
    const [first] = tensors;
    if (first === undefined || tensors.length === 1) return first ?? raggedOf([]);
    const rowCount = this.#itemCount / tensors.length;
    const haveRows = tensors.every(
      ({ dtype, shape }) => dtype === first.dtype && shape[0] === rowCount && sameShape(shape, first.shape),
    );
    return haveRows ? concatRows(tensors) : raggedOf(tensors);
  }

  #allocate(output: Exclude<FinishedOutput, CallOutput>): Slot {
    if (output.kind === "ragged") return { kind: "ragged", items: Array.from({ length: this.#itemCount }) };
    const { itemShape, tensor } = output;
    const shape = denseShape(itemShape, this.#itemCount);
    try {
      return { kind: "dense", tensor: allocateTensor(tensor.dtype, shape), itemShape };
    } catch (cause) {
      throw new ShardError(
        "out-of-memory",
        `Expected room for an output of shape ${JSON.stringify(shape)}, received none: take the result in pieces with stream().`,
        { cause },
      );
    }
  }

  #fits(slot: Slot, output: ShardOutput): boolean {
    if (slot.kind !== "dense") return true;
    return (
      output.kind === "dense" &&
      output.tensor.dtype === slot.tensor.dtype &&
      sameShape(output.itemShape, slot.itemShape)
    );
  }

  #makeRagged(slot: Slot): Slot {
    if (slot.kind !== "dense") return slot;
    const all = splitItems(slot);
    const items: (Tensor | undefined)[] = Array.from({ length: this.#itemCount });
    for (const { firstItem, itemCount } of this.#written) {
      for (let item = firstItem; item < firstItem + itemCount; item++) items[item] = all[item];
    }
    return { kind: "ragged", items };
  }

  #writeInto(slot: Slot, range: ItemRange, output: ShardOutput, onCopied: FinishedShard["onCopied"]): void {
    if (slot.kind === "dense" && output.kind === "dense") {
      writeRows(slot.tensor, range.firstItem, output.tensor);
      onCopied?.(output.tensor);
    } else if (slot.kind === "ragged") {
      splitItems(output).forEach((tensor, index) => (slot.items[range.firstItem + index] = tensor));
    }
  }
}

/** Whether a shard's output can be the result as it is: it is alone in its buffer. */
function isWhole(output: Exclude<FinishedOutput, CallOutput>): output is ShardOutput & { kind: "dense" } {
  if (output.kind !== "dense") return false;
  const { data } = output.tensor;
  return Array.isArray(data) || (data.byteLength === data.buffer.byteLength && data.buffer instanceof ArrayBuffer);
}
