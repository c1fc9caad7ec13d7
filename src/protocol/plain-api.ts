import type { Reply } from "./error-record.js";
import type { LinkedApi } from "./link.js";
import type { InputTensor } from "./tensors.js";

/** The backends on which plain TF.js can be measured. */
export const PLAIN_BACKENDS = ["wasm", "webgl", "webgpu", "cpu"] as const;
export type PlainBackend = (typeof PLAIN_BACKENDS)[number];

/** What the worker of plain TF.js is asked to load. @typeParam F the platform's `File`, whose type this layer does not have. */
export interface PlainLoad<F> {
  readonly backend: PlainBackend;
  readonly format: "graph-model" | "layers-model";
  /** An absolute address of a model.json, `indexeddb://NAME`, or model.json with its weight files. */
  readonly model: string | readonly F[];
  /** Whether a GPU that is really a program on the CPU will do. */
  readonly acceptsSoftware: boolean;
}

export interface PlainDevice {
  /** Name of the GPU, or of the backend. */
  readonly device: string;
  /** Whether the GPU is really a program on the CPU. */
  readonly isSoftware: boolean;
}

export interface PlainRun {
  readonly inputs: Readonly<Record<string, InputTensor>>;
  /** Rows along axis 0 of the inputs that are cut into calls. */
  readonly itemCount: number;
  /** The items of one call of `predict`; at least `itemCount` to run it whole. */
  readonly itemsPerCall: number;
}

/** An output of one call, as TF.js gives it back. */
export type PlainValues = Float32Array | Int32Array | Uint8Array | string[];

/** What the worker of plain TF.js offers: TF.js as its users call it, without anything of this library. */
export interface PlainApi<F> extends LinkedApi {
  load(request: PlainLoad<F>): Promise<Reply<PlainDevice>>;
  /** Run the inputs call by call, and give back every output of every call. */
  run(request: PlainRun): Promise<Reply<PlainValues[]>>;
}
