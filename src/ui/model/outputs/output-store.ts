import type { DType, Outputs, Tensor } from "../../../index.js";
import { BlobWriter } from "./blob-writer.js";
import { sizeOf, type ItemOutput } from "./item-output.js";

/** How much is read at a time where all items are read. */
const READ_BYTES = 4 * 1024 * 1024;
/** More outputs than this are not kept. */
const MAX_BYTES = 2 * 1024 * 1024 * 1024;

/** What is known of an output over all kept items. */
export interface StoredOutput {
  readonly name: string;
  readonly dtype: DType;
  /** Of one item, with -1 for a size that differs between items; `undefined` if their numbers of axes differ. */
  readonly shape: readonly number[] | undefined;
}

/** One output of all items: values one after another, and where each item's begin, if that isn't the same distance. */
interface Column {
  readonly name: string;
  readonly dtype: DType;
  shape: readonly number[];
  isUniform: boolean;
  readonly shapes: (readonly number[])[];
  /** Byte at which each item begins, and the end of the last one. */
  readonly offsets: number[];
  readonly values: BlobWriter;
}

/**
 * Keeps the outputs of a run, so that they can be looked at and saved. The values lie in Blobs, so that the page's own memory holds a few
 * MB of them, whatever their number.
 */
export class OutputStore {
  readonly #columns = new Map<string, Column>();
  readonly #failures = new Map<number, string>();
  readonly #names: (index: number) => string;
  #itemCount = 0;
  #storedBytes = 0;
  #isFull = false;

  /** @param nameOf names an item, by its index. */
  constructor(nameOf: (index: number) => string) {
    this.#names = nameOf;
  }

  /** Items that are kept, failed ones included. */
  get itemCount(): number {
    return this.#itemCount;
  }

  /** Whether items were left out for want of room. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get storedBytes(): number {
    return this.#storedBytes;
  }

  nameOf(index: number): string {
    return this.#names(index);
  }

  /** Why an item has no outputs; `undefined` if it has. */
  failureOf(index: number): string | undefined {
    return this.#failures.get(index);
  }

  get outputs(): StoredOutput[] {
    return [...this.#columns.values()].map((column) => ({
      name: column.name,
      dtype: column.dtype,
      shape: column.isUniform ? column.shape : commonShape(column.shapes.filter((shape) => shape !== NONE)),
    }));
  }

  /** Add the next item. @param outputs as a batch of one, or why there are none. */
  add(outputs: Outputs | string): void {
    if (this.#isFull) return;
    if (this.#storedBytes > MAX_BYTES) {
      this.#isFull = true;
      return;
    }
    const index = this.#itemCount++;
    if (typeof outputs === "string") this.#failures.set(index, outputs);
    const tensors =
      typeof outputs === "string" ? [] : Object.entries(outputs).map(([name, value]) => toItem(name, value));
    for (const { name, dtype, shape } of tensors) {
      if (!this.#columns.has(name)) this.#columns.set(name, newColumn(name, dtype, shape, index));
    }
    for (const column of this.#columns.values())
      this.#append(
        column,
        tensors.find(({ name }) => name === column.name),
      );
  }

  /** The outputs of one item; empty for an item that failed. */
  async item(index: number): Promise<ItemOutput[]> {
    if (this.#failures.has(index)) return [];
    return Promise.all([...this.#columns.values()].map((column) => this.#read(column, index)));
  }

  /** All items in turn, a few MB at a time. */
  async *items(): AsyncGenerator<{ index: number; outputs: ItemOutput[] }, void, undefined> {
    const { itemCount } = this;
    const step = Math.max(1, Math.floor((READ_BYTES * itemCount) / Math.max(1, this.#storedBytes)));
    for (let first = 0; first < itemCount; first += step) {
      const end = Math.min(itemCount, first + step);
      const columns = await Promise.all(
        [...this.#columns.values()].map(async (column) => ({ column, bytes: await this.#bytes(column, first, end) })),
      );
      for (let index = first; index < end; index++) {
        if (this.#failures.has(index)) {
          yield { index, outputs: [] };
          continue;
        }
        const outputs = columns.map(({ column, bytes }) => {
          const from = column.offsets[index]! - column.offsets[first]!;
          return decode(column, index, bytes.slice(from, from + column.offsets[index + 1]! - column.offsets[index]!));
        });
        yield { index, outputs };
      }
    }
  }

  #append(column: Column, output: ItemOutput | undefined): void {
    const bytes = output === undefined ? new Uint8Array(0) : encode(output);
    column.offsets.push(column.offsets.at(-1)! + bytes.byteLength);
    column.shapes.push(output === undefined ? NONE : sharedShape(column, output.shape));
    if (output !== undefined && !sameShape(output.shape, column.shape)) column.isUniform = false;
    this.#storedBytes += bytes.byteLength;
    column.values.write(bytes);
  }

  async #read(column: Column, index: number): Promise<ItemOutput> {
    return decode(column, index, await this.#bytes(column, index, index + 1));
  }

  #bytes(column: Column, first: number, end: number): Promise<ArrayBuffer> {
    return column.values.blob().slice(column.offsets[first], column.offsets[end]).arrayBuffer();
  }
}

const EMPTY: Tensor = { dtype: "float32", shape: [1, 0], data: new Float32Array(0) };
/** Of an item without outputs. */
const NONE: readonly number[] = [];

function newColumn(name: string, dtype: DType, shape: readonly number[], missingCount: number): Column {
  return {
    ...{ name, dtype, shape, isUniform: true, values: new BlobWriter() },
    // The items before the first that had outputs.
    shapes: Array.from({ length: missingCount }, () => NONE),
    offsets: Array.from({ length: missingCount + 1 }, () => 0),
  };
}

/** One array for all items of one shape. */
function sharedShape(column: Column, shape: readonly number[]): readonly number[] {
  return sameShape(shape, column.shape) ? column.shape : shape;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function commonShape(shapes: readonly (readonly number[])[]): readonly number[] | undefined {
  const [first] = shapes;
  if (first === undefined || shapes.some((shape) => shape.length !== first.length)) return undefined;
  return first.map((size, axis) => (shapes.every((shape) => shape[axis] === size) ? size : -1));
}

function toItem(name: string, value: Outputs[string]): ItemOutput {
  // What belongs to several items has no one shape; its first tensor stands for it.
  const { dtype, shape, data }: Tensor = value.dtype === "ragged" ? (value.items[0] ?? EMPTY) : value;
  return { name, dtype, shape: shape.slice(1), data };
}

function encode({ data, dtype }: ItemOutput): Uint8Array {
  if (dtype === "string") return new TextEncoder().encode(JSON.stringify(data));
  const numbers = data as Float32Array | Int32Array | Uint8Array;
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function decode({ name, dtype, shapes }: Column, index: number, bytes: ArrayBuffer): ItemOutput {
  const shape = shapes[index]!;
  if (dtype === "string") {
    const texts: unknown = JSON.parse(new TextDecoder().decode(bytes) || "[]");
    return { name, dtype, shape, data: Array.isArray(texts) ? texts.map(String) : [] };
  }
  const count = sizeOf(shape);
  if (dtype === "float32") return { name, dtype, shape, data: new Float32Array(bytes, 0, count) };
  if (dtype === "int32") return { name, dtype, shape, data: new Int32Array(bytes, 0, count) };
  return { name, dtype, shape, data: new Uint8Array(bytes, 0, count) };
}
