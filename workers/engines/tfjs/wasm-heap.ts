import { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { backend, type Tensor as TfTensor } from "@tensorflow/tfjs-core";

/** The part of Emscripten's module through which TF.js reaches the memory of its WASM code. */
export interface WasmHeap {
  /** Emscripten replaces it when the memory grows. */
  readonly HEAPU8: Uint8Array;
  /** @returns an address as a signed number of 32 bits; 0 if there is no room. */
  _malloc: (byteCount: number) => number;
  _free: (address: number) => void;
}

/** The heap of TF.js's WASM backend; `undefined` if another backend is active. */
export function wasmHeap(): WasmHeap | undefined {
  const active = backend();
  if (!(active instanceof BackendWasm)) return undefined;
  const { wasm }: { wasm: object } = active;
  return isHeap(wasm) ? wasm : undefined;
}

function isHeap(value: object): value is WasmHeap {
  return "HEAPU8" in value && value.HEAPU8 instanceof Uint8Array && "_malloc" in value && "_free" in value;
}

/** A tensor's numbers in the heap of the WASM backend; `undefined` for other dtypes, which are kept in other ways. */
export function viewOnHeap(tensor: TfTensor): Float32Array | Int32Array | undefined {
  const active = backend();
  if (!(active instanceof BackendWasm) || (tensor.dtype !== "float32" && tensor.dtype !== "int32")) return undefined;
  const view = active.typedArrayFromHeap(tensor);
  return view instanceof Float32Array || view instanceof Int32Array ? view : undefined;
}
