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
 * Collects the outputs of single items, each with one copy: into one tensor, at its row, as long as all are alike in dtype and shape; from
 * the first that differs on, one by one.
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

  /** The next item's outputs. They are copied. */
  add(outputs: NamedOutputs): void {
    for (const [name, tensor] of Object.entries(outputs)) {
      const output = this.#outputs.get(name) ?? this.#allocate(tensor);
      this.#outputs.set(name, this.#write(output, tensor));
    }
    this.#addedCount++;
  }

  #allocate({ dtype, shape }: Tensor): ShardOutput {
    const tensor = allocateTensor(dtype, denseShape(shape, this.#itemCount), this.#spare);
    return { kind: "dense", tensor, itemShape: shape.slice() };
  }

  #write(output: ShardOutput, item: Tensor): ShardOutput {
    if (output.kind === "dense" && output.tensor.dtype === item.dtype && sameShape(output.itemShape, item.shape)) {
      writeRows(output.tensor, this.#addedCount, item);
      return output;
    }
    const before = output.kind === "dense" ? splitItems(output).slice(0, this.#addedCount) : output.items;
    return { kind: "ragged", items: [...before, copyTensor(item)] };
  }

  /** Of all items, each of which has been added. */
  result(): NamedShardOutputs {
    return Object.fromEntries(this.#outputs);
  }
}

/** Join the outputs of single items, which own their memory. */
export function joinCalls(calls: readonly NamedOutputs[]): NamedShardOutputs {
  const names = Object.keys(calls[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, joinItems(calls.map((outputs) => outputs[name]!))]));
}
