import type { ShardOutput } from "../../protocol/outputs.js";
import { tensorsOf } from "../../protocol/outputs.js";
import type { InputTensor, Tensor } from "../../protocol/tensors.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";

/** Inputs and outputs of one shard may take so much together, bytes, unless a single item takes more: the page copies them in one task. */
const MAX_SHARD_BYTES = 32 * 2 ** 20;
/** What a string is taken for, bytes. */
const STRING_BYTES = 32;

/** Bounds the items of a shard by the bytes of their tensors: first by those of the inputs, then by the largest outputs seen. */
export class ShardBytes {
  readonly #inputBytes: number;
  #outputBytes = 0;

  /** @param perUnit items that are counted as one. */
  constructor({ tensors, batchedNames, itemCount }: PreparedInputs, perUnit: number) {
    const all = batchedNames.reduce((sum, name) => sum + bytesOf(tensors[name]!), 0);
    this.#inputBytes = (all * perUnit) / Math.max(1, itemCount);
  }

  /** The most items of a shard, ≥ 1. */
  get maxItemCount(): number {
    return Math.max(1, Math.floor(MAX_SHARD_BYTES / Math.max(1, this.#inputBytes + this.#outputBytes)));
  }

  /** @returns whether the bound has become lower. */
  learn(outputs: Readonly<Record<string, ShardOutput>>, itemCount: number): boolean {
    const before = this.maxItemCount;
    const all = Object.values(outputs).reduce(
      (sum, output) => sum + tensorsOf(output).reduce((total, tensor) => total + bytesOf(tensor), 0),
      0,
    );
    this.#outputBytes = Math.max(this.#outputBytes, all / itemCount);
    return this.maxItemCount < before;
  }
}

function bytesOf({ data }: InputTensor | Tensor): number {
  return Array.isArray(data) ? STRING_BYTES * data.length : data.byteLength;
}
