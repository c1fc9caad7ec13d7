import {
  denseShape,
  joinItems,
  sameShape,
  splitItems,
  type NamedShardOutputs,
  type ShardOutput,
} from "../../src/protocol/outputs.js";
import { allocateTensor, copyTensor, writeRows } from "../../src/protocol/rows.js";
import type { SpareBuffers } from "../../src/protocol/spare-buffers.js";
import type { Tensor } from "../../src/protocol/tensors.js";
import type { NamedOutputs } from "./engine.js";

/**
 * Collects the outputs of single items: into one tensor, each at its row, as long as all are alike in dtype and shape; from the first that
 * differs on, one by one.
 */
export class ItemGather {
  readonly #itemCount: number;
  readonly #spare: SpareBuffers | undefined;
  readonly #outputs = new Map<string, ShardOutput>();
  #addedCount = 0;

  /** @param spare for what is allocated. */
  constructor(itemCount: number, spare: SpareBuffers | undefined) {
    this.#itemCount = itemCount;
    this.#spare = spare;
  }

  /** The next item's outputs. @param areOwned they may be kept; else they are copied. */
  add(outputs: NamedOutputs, areOwned: boolean): void {
    for (const [name, tensor] of Object.entries(outputs)) this.#outputs.set(name, this.#with(name, tensor, areOwned));
    this.#addedCount++;
  }

  #with(name: string, item: Tensor, isOwned: boolean): ShardOutput {
    // A whole batch is a single one, and may be large.
    if (isOwned && this.#itemCount === 1) return joinItems([item]);
    const output = this.#outputs.get(name) ?? this.#allocate(item);
    if (output.kind === "dense" && output.tensor.dtype === item.dtype && sameShape(output.itemShape, item.shape)) {
      writeRows(output.tensor, this.#addedCount, item);
      return output;
    }
    const items = output.kind === "ragged" ? output.items : splitItems(output).slice(0, this.#addedCount);
    items.push(isOwned ? item : copyTensor(item));
    return { kind: "ragged", items };
  }

  #allocate({ dtype, shape }: Tensor): ShardOutput {
    const tensor = allocateTensor(dtype, denseShape(shape, this.#itemCount), this.#spare);
    return { kind: "dense", tensor, itemShape: shape.slice() };
  }

  /** Of all items, each of which has been added. */
  result(): NamedShardOutputs {
    return Object.fromEntries(this.#outputs);
  }
}
