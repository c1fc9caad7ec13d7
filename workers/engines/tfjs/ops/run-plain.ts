import type { GraphNode } from "@tensorflow/tfjs-converter";
import { complex, engine, getBackend, getKernel, tensor, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { asJsonObject, type JsonObject } from "../../../../src/model/artifacts.js";
import { elementCountOf } from "../../../../src/protocol/tensors.js";
import { PlainNode, type PlainOp } from "./plain-node.js";
import { reshaped, type PlainTensor } from "./plain-tensor.js";

/** Complex tensors of backends that can't hold any (WASM), by the id of their data, which views of them share. */
const complexValues = new WeakMap<object, Float32Array>();

/**
 * Run an op in plain code as a node of TF.js: read its inputs, compute, upload its outputs. They are TF.js's to dispose of, the inputs
 * stay.
 */
export async function runPlain(op: string, plain: PlainOp, node: GraphNode): Promise<TfTensor[]> {
  const { name, attr } = describe(node);
  const inputs = await Promise.all(node.inputs.map(readTensor));
  const outputs = plain(new PlainNode(op, name, inputs, attr));
  return ("dtype" in outputs ? [outputs] : outputs).map(uploadTensor);
}

/** TF.js passes its own node on, which its types don't show. Its parsed attributes are no good: they are in lower case. */
function describe(graphNode: object): { name: string; attr: JsonObject } {
  const node = asJsonObject(Reflect.get(graphNode, "node"));
  return { name: String(node.name), attr: asJsonObject(node.rawAttrs) };
}

/** What has been read, by the id of the data: weights are read once, however many calls there are. */
const readBefore = new WeakMap<object, PlainTensor>();

async function readTensor(source: TfTensor): Promise<PlainTensor> {
  const known = readBefore.get(source.dataId);
  if (known !== undefined && known.dtype === source.dtype) return reshaped(known, source.shape);
  const read = await fetchTensor(source);
  readBefore.set(source.dataId, read);
  return read;
}

/** Backends return booleans and integers in arrays of other types too. */
async function fetchTensor(source: TfTensor): Promise<PlainTensor> {
  const { shape, dtype } = source;
  switch (dtype) {
    case "string": {
      const bytes = await source.bytes();
      return { dtype, shape, data: Array.isArray(bytes) ? bytes.map(binaryOf) : [] };
    }
    case "complex64":
      return { dtype, shape, data: complexValues.get(source.dataId) ?? Float32Array.from(await source.data()) };
    case "float32":
      return { dtype, shape, data: Float32Array.from(await source.data()) };
    case "int32":
      return { dtype, shape, data: Int32Array.from(await source.data()) };
    case "bool":
      return { dtype, shape, data: Uint8Array.from(await source.data()) };
  }
}

/** Upload values to the backend that TF.js is on. */
function uploadTensor({ dtype, shape, data }: PlainTensor): TfTensor {
  const sizes = [...shape];
  if (dtype === "string") return tensor(data.map(bytesOf), sizes, "string");
  if (dtype !== "complex64") return tensor(data, sizes, dtype);
  const uploaded = uploadComplex(data, sizes);
  complexValues.set(uploaded.dataId, data);
  return uploaded;
}

function uploadComplex(data: Float32Array, shape: number[]): TfTensor {
  if (getKernel("Complex", getBackend()) === undefined) return engine().makeTensor(data, shape, "complex64");
  const part = (offset: number): TfTensor =>
    tensor(
      Float32Array.from({ length: elementCountOf(shape) }, (_, index) => data[2 * index + offset]!),
      shape,
    );
  const [real, imaginary] = [part(0), part(1)];
  const uploaded = complex(real, imaginary);
  real.dispose();
  imaginary.dispose();
  return uploaded;
}

function binaryOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
