import { Zip, ZipPassThrough } from "fflate";
import { ShardError, type DType } from "../../../index.js";
import { codePointsOf, npyHeader, npyTexts } from "../tensors/npy.js";
import { BlobWriter } from "./blob-writer.js";
import type { ExportContext } from "./export-text.js";
import { sizeOf, type ItemOutput } from "./item-output.js";
import { Slices } from "./slices.js";

/** The zip format's limit without its extension for large files. */
const MAX_ZIP_BYTES = 0xffff_ffff - 1024 * 1024;

/**
 * One output of all items as a NumPy array, [items, …]. Rows of items that failed hold NaN, 0 or "", so that row i is item i.
 * @throws ShardError "invalid-input" if the items differ in shape.
 */
export async function toNpy(name: string, { store, onProgress }: ExportContext): Promise<Blob> {
  const output = store.outputs.find((each) => each.name === name)!;
  if (output.shape === undefined || output.shape.includes(-1)) {
    throw new ShardError(
      "invalid-input",
      `Expected items of one shape for one array, received ${JSON.stringify(output.shape ?? "several")} of "${name}": save them as .npz, JSON or CSV.`,
    );
  }
  const file = new BlobWriter();
  const slices = new Slices();
  const textLength = output.dtype === "string" ? await longestText(name, store) : 0;
  file.write(npyHeader(output.dtype, [store.itemCount, ...output.shape], textLength));
  const filler = bytesOf(fillerOf(output.dtype, sizeOf(output.shape)), textLength);
  for await (const { index, outputs } of store.items()) {
    const item = outputs.find((each) => each.name === name);
    file.write(item === undefined ? filler : bytesOf(item, textLength));
    await slices.rest(() => onProgress(index / store.itemCount));
  }
  return file.blob();
}

/**
 * All outputs as `.npz`, as numpy.savez writes it: one array per output; where an output's items differ in shape, one array per item,
 * `NAME/ITEM`, counted from 0. Stored, not compressed.
 * @throws ShardError "out-of-memory" beyond 4 GB, the limit of plain zips.
 */
export async function toNpz(context: ExportContext): Promise<Blob> {
  const { store } = context;
  if (store.storedBytes > MAX_ZIP_BYTES) {
    throw new ShardError(
      "out-of-memory",
      "Expected at most 4 GB for one .npz, received more: save each output as .npy.",
    );
  }
  const file = new BlobWriter();
  const zip = new Zip((error, data) => {
    if (error !== null) throw error;
    file.write(data);
  });
  for (const { name, shape } of store.outputs) {
    if (shape !== undefined && !shape.includes(-1)) await addBlob(zip, `${name}.npy`, await toNpy(name, context));
    else await addItems(zip, name, context);
  }
  zip.end();
  return file.blob("application/zip");
}

async function addBlob(zip: Zip, path: string, blob: Blob): Promise<void> {
  const entry = new ZipPassThrough(path);
  zip.add(entry);
  const reader = blob.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    entry.push(value);
  }
  entry.push(new Uint8Array(0), true);
}

async function addItems(zip: Zip, name: string, { store, onProgress }: ExportContext): Promise<void> {
  const slices = new Slices();
  for await (const { index, outputs } of store.items()) {
    const item = outputs.find((each) => each.name === name);
    if (item === undefined) continue;
    const textLength = item.dtype === "string" ? longest(item) : 0;
    const entry = new ZipPassThrough(`${name}/${String(index).padStart(6, "0")}.npy`);
    zip.add(entry);
    entry.push(npyHeader(item.dtype, item.shape, textLength));
    entry.push(bytesOf(item, textLength), true);
    await slices.rest(() => onProgress(index / store.itemCount));
  }
}

function bytesOf({ data, dtype }: Pick<ItemOutput, "data" | "dtype">, textLength: number): Uint8Array {
  if (dtype === "string") return npyTexts(Array.from(data as ArrayLike<unknown>, String), textLength);
  const numbers = data as Float32Array | Int32Array | Uint8Array;
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function fillerOf(dtype: DType, size: number): Pick<ItemOutput, "data" | "dtype"> {
  if (dtype === "string") return { dtype, data: Array.from({ length: size }, () => "") };
  if (dtype === "float32") return { dtype, data: new Float32Array(size).fill(NaN) };
  return { dtype, data: dtype === "int32" ? new Int32Array(size) : new Uint8Array(size) };
}

async function longestText(name: string, store: ExportContext["store"]): Promise<number> {
  let length = 0;
  for await (const { outputs } of store.items()) {
    const item = outputs.find((each) => each.name === name);
    if (item !== undefined) length = Math.max(length, longest(item));
  }
  return length;
}

function longest({ data }: ItemOutput): number {
  let length = 0;
  for (let i = 0; i < data.length; i++) length = Math.max(length, codePointsOf(String(data[i])).length);
  return length;
}
