import { ShardError } from "../../core/errors.js";
import { elementCountOf, type DType, type Tensor } from "../../protocol/tensors.js";
import type { FinishedOutput, FinishedShard } from "../job/shard-sink.js";

const ALIGNMENT = 8;

/** A tensor without its elements. */
interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

interface StoredOutput {
  readonly name: string;
  readonly kind: FinishedOutput["kind"];
  readonly tensors: readonly StoredTensor[];
  /** Of "dense" outputs. */
  readonly itemShape?: readonly number[];
}

interface StoredShard {
  readonly workerId: string;
  readonly outputs: readonly StoredOutput[];
}

/**
 * Write a shard's outputs as bytes: the length of a JSON text (32 bits, little-endian), the text, and the elements of all tensors in the
 * order in which the text describes them, each filled up to a multiple of 8 bytes. Numbers are little-endian; the strings of a tensor are
 * a JSON list. O(bytes).
 *
 * @returns a buffer of its own.
 */
export function encodeShard({ workerId, outputs }: FinishedShard): ArrayBuffer {
  const elements: Uint8Array[] = [];
  const store = (tensor: Tensor): StoredTensor => {
    const bytes = bytesOf(tensor);
    elements.push(bytes);
    return { dtype: tensor.dtype, shape: tensor.shape, byteLength: bytes.length };
  };
  const described: StoredShard = {
    workerId,
    outputs: Object.entries(outputs).map(([name, output]): StoredOutput => {
      if (output.kind === "ragged") return { name, kind: "ragged", tensors: output.items.map(store) };
      const tensors = [store(output.tensor)];
      if (output.kind === "call") return { name, kind: "call", tensors };
      return { name, kind: "dense", tensors, itemShape: output.itemShape };
    }),
  };
  const text = new TextEncoder().encode(JSON.stringify(described));
  const textEnd = padded(4 + text.length);
  const bytes = new Uint8Array(elements.reduce((total, each) => total + padded(each.length), textEnd));
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  let at = textEnd;
  for (const each of elements) {
    bytes.set(each, at);
    at += padded(each.length);
  }
  return bytes.buffer;
}

/**
 * The other way round. Each tensor gets a buffer of its own, since whoever receives it may transfer it.
 * @throws ShardError "storage-unavailable" if the bytes are not what `encodeShard` writes.
 */
export function decodeShard(payload: ArrayBuffer): Pick<FinishedShard, "workerId" | "outputs"> {
  try {
    const textLength = new DataView(payload).getUint32(0, true);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(payload, 4, textLength));
    const { workerId, outputs } = JSON.parse(text) as StoredShard;
    let at = padded(4 + textLength);
    const load = ({ dtype, shape, byteLength }: StoredTensor): Tensor => {
      const tensor = tensorOf(dtype, [...shape], payload.slice(at, at + byteLength));
      if (tensor.data.length !== elementCountOf(shape)) throw new RangeError(`${tensor.data.length} elements`);
      at += padded(byteLength);
      return tensor;
    };
    const entries = outputs.map(({ name, kind, tensors, itemShape }): [string, FinishedOutput] => {
      const loaded = tensors.map(load);
      if (kind === "ragged") return [name, { kind, items: loaded }];
      const [tensor] = loaded as [Tensor];
      return [name, kind === "call" ? { kind, tensor } : { kind, tensor, itemShape: itemShape! }];
    });
    return { workerId, outputs: Object.fromEntries(entries) };
  } catch (cause) {
    throw new ShardError(
      "storage-unavailable",
      "Expected the outputs of a shard in the journal, received bytes of another kind: delete the journal and run the job again.",
      { cause },
    );
  }
}

function padded(byteLength: number): number {
  return Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT;
}

function bytesOf({ data }: Tensor): Uint8Array {
  // JSON, and not plain text, since strings may hold halves of surrogate pairs.
  if (Array.isArray(data)) return new TextEncoder().encode(JSON.stringify(data));
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function tensorOf(dtype: DType, shape: number[], bytes: ArrayBuffer): Tensor {
  switch (dtype) {
    case "float32":
      return { dtype, shape, data: new Float32Array(bytes) };
    case "int32":
      return { dtype, shape, data: new Int32Array(bytes) };
    case "bool":
      return { dtype, shape, data: new Uint8Array(bytes) };
    case "string":
      return { dtype, shape, data: JSON.parse(new TextDecoder().decode(bytes)) as string[] };
  }
}
