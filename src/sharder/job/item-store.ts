import { ShardError } from "../../core/errors.js";
import type { ItemRange } from "../../core/dispatch/types.js";
import { concatRows, copyTensor, sliceRows, viewRows } from "../../protocol/rows.js";
import type { SpareBuffers } from "../../protocol/spare-buffers.js";
import type { InputTensor } from "../../protocol/tensors.js";
import type { RunInput } from "../../protocol/worker-api.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";

interface Chunk {
  readonly firstItem: number;
  readonly inputs: PreparedInputs;
  unfinishedItemCount: number;
}

/** The items of a job until they are done: one chunk for a batch, or one for each batch that a stream's source yields. */
export class ItemStore {
  #chunks: Chunk[] = [];
  #itemCount = 0;
  #shapeClass: string | undefined;
  #sideInputs: [name: string, tensor: InputTensor][] | undefined;

  /**
   * Items of several chunks may share a shard, so they must be of one kind and have the same side inputs.
   * @param isCall each chunk is a call of its own, so that nothing has to agree.
   * @throws ShardError "invalid-input" if the items differ in shape, dtype or side inputs from earlier ones.
   */
  add(inputs: PreparedInputs, isCall = false): void {
    if (!isCall) this.#requireAlike(inputs);
    this.#chunks.push({ firstItem: this.#itemCount, inputs, unfinishedItemCount: inputs.itemCount });
    this.#itemCount += inputs.itemCount;
  }

  #requireAlike(inputs: PreparedInputs): void {
    this.#shapeClass ??= inputs.shapeClass;
    if (inputs.shapeClass !== this.#shapeClass) {
      throw new ShardError(
        "invalid-input",
        `Expected items like the earlier ones (${this.#shapeClass}), received ${inputs.shapeClass}: use one stream per shape.`,
      );
    }
    const { tensors, batchedNames } = inputs;
    this.#sideInputs ??= Object.entries(tensors).filter(([name]) => !batchedNames.includes(name));
    const changed = this.#sideInputs.find(([name, tensor]) => !sameData(tensor.data, tensors[name]!.data));
    if (changed !== undefined) {
      throw new ShardError(
        "invalid-input",
        `Expected "${changed[0]}", which goes with every item, to stay the same, received other values: use one stream for each.`,
      );
    }
  }

  /** The items of a range by input name, in buffers of their own that can be transferred: spare ones, where there are some. O(bytes copied). */
  cut(range: ItemRange, spare?: SpareBuffers): Record<string, RunInput> {
    const pieces = this.#overlaps(range);
    const { tensors, batchedNames } = pieces[0]!.chunk.inputs;
    // Not by assignment: an input may be named "__proto__".
    return Object.fromEntries(
      Object.entries(tensors).map(([name, given]): [string, RunInput] => {
        if (!batchedNames.includes(name)) return [name, { kind: "side", tensor: copyTensor(given) }];
        const isWhole = pieces.length === 1;
        const rows = pieces.map(({ chunk: { inputs }, first, count }) =>
          isWhole
            ? sliceRows(inputs.tensors[name]!, first, count, spare)
            : viewRows(inputs.tensors[name]!, first, count),
        );
        const tensor = concatRows(rows, spare);
        return [name, { kind: "dense", tensor, itemShape: [1, ...tensor.shape.slice(1)] }];
      }),
    );
  }

  /**
   * The inputs of some calls by name: for each call a tensor with all of its items, and the inputs that go with every item as they are.
   * @param calls the items of each.
   * @param areBatches each call has side inputs of its own.
   */
  cutCalls(calls: readonly ItemRange[], areBatches: boolean, spare?: SpareBuffers): Record<string, RunInput> {
    const cuts = calls.map((range) => this.cut(range, spare));
    const names = Object.keys(cuts[0] ?? {});
    return Object.fromEntries(
      names.map((name): [string, RunInput] => {
        const [first] = cuts;
        if (first![name]!.kind === "side" && !areBatches) return [name, first![name]!];
        const items = cuts
          .map((each) => each[name]!)
          .map((each) => (each.kind === "ragged" ? each.items[0]! : each.tensor));
        return [name, { kind: "ragged", items }];
      }),
    );
  }

  /** These items are done: release the chunks that are no longer needed. */
  release(range: ItemRange): void {
    for (const { chunk, count } of this.#overlaps(range)) chunk.unfinishedItemCount -= count;
    this.#chunks = this.#chunks.filter((chunk) => chunk.unfinishedItemCount > 0);
  }

  #overlaps({ firstItem, itemCount }: ItemRange): { chunk: Chunk; first: number; count: number }[] {
    return this.#chunks.flatMap((chunk) => {
      const first = Math.max(firstItem, chunk.firstItem) - chunk.firstItem;
      const end = Math.min(firstItem + itemCount - chunk.firstItem, chunk.inputs.itemCount);
      return end > first ? [{ chunk, first, count: end - first }] : [];
    });
  }
}

function sameData(a: InputTensor["data"], b: InputTensor["data"]): boolean {
  if (a === b) return true;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return a.length === b.length;
}
