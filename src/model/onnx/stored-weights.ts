import type { OnnxDataFile } from "../../protocol/model-on-wire.js";
import { ENTRY, TENSOR } from "./fields.js";
import type { ProtoMessage } from "./proto-message.js";
import { ProtoWriter } from "./proto-writer.js";
import { EXTERNAL, INLINE_FIELDS, readExternal } from "./scan-model.js";

/** Smaller constants stay in the model: ONNX infers shapes from them. */
const LEAST_BYTES = 1024;
/** Packed lists that lie in the file as raw elements do, and the type that they have then. */
const PACKED: Readonly<Record<number, number>> = { [TENSOR.floats]: 1, [TENSOR.doubles]: 11 };

/** Where a constant's elements are, as little-endian bytes, and how many there are. */
interface StoredWeight {
  readonly byteLength: number;
  /** From the start of all files; `undefined` where they are stored otherwise. */
  readonly byteOffset: number | undefined;
}

/** @param files that hold external data. */
export function findWeight(tensor: ProtoMessage, files: ReadonlyMap<string, OnnxDataFile>): StoredWeight {
  const entries: ProtoMessage[] = [];
  let [element, location, byteLength] = [0, 0, 0];
  let raw: ProtoMessage | undefined;
  for (const { number, value, message } of tensor.fields()) {
    if (number === TENSOR.location) location = value;
    else if (number === TENSOR.element) element = value;
    else if (number === TENSOR.external && message !== undefined) entries.push(message);
    else if (INLINE_FIELDS.has(number)) {
      // A list that is not packed has a field for each number.
      byteLength += message?.byteLength ?? 8;
      if (number === TENSOR.raw || PACKED[number] === element) raw = message;
    }
  }
  if (location === EXTERNAL) {
    const { path, byteOffset, byteLength: stated } = readExternal(entries);
    const file = files.get(path)!;
    return { byteOffset: file.byteOffset + byteOffset, byteLength: stated ?? file.byteLength - byteOffset };
  }
  return { byteLength, byteOffset: raw?.byteLength === byteLength ? raw.byteOffset : undefined };
}

/** Whether a constant goes to the workers as a range of the files. */
export function isApart({ byteLength, byteOffset }: StoredWeight, isExternal: boolean): boolean {
  // GPUs take whole words.
  return byteOffset !== undefined && (isExternal || (byteLength >= LEAST_BYTES && byteLength % 4 === 0));
}

export function isExternal(tensor: ProtoMessage): boolean {
  return tensor.number(TENSOR.location) === EXTERNAL;
}

/** A constant as it is, by another name. */
export function renamed(tensor: ProtoMessage, name: string): Uint8Array {
  const writer = new ProtoWriter();
  for (const { number, encoded } of tensor.fields()) if (number !== TENSOR.name) writer.encoded(encoded());
  return writer.text(TENSOR.name, name).finish();
}

/** A constant whose elements are in a file of their own. @param path of that file. */
export function apart(tensor: ProtoMessage, name: string, path: string, byteLength: number): Uint8Array {
  const writer = new ProtoWriter();
  const left = new Set<number>([TENSOR.name, TENSOR.external, TENSOR.location, ...INLINE_FIELDS]);
  for (const { number, encoded } of tensor.fields()) if (!left.has(number)) writer.encoded(encoded());
  writer.text(TENSOR.name, name);
  for (const [key, value] of Object.entries({ location: path, offset: "0", length: String(byteLength) })) {
    writer.bytes(TENSOR.external, new ProtoWriter().text(ENTRY.key, key).text(ENTRY.value, value).finish());
  }
  return writer.number(TENSOR.location, EXTERNAL).finish();
}
