import type { DType } from "./tensors.js";
import type { WeightRecipes } from "./weight-recipe.js";

/** One input or output of the model, by its public name. */
export interface TensorSpec {
  readonly name: string;
  /** -1 for a free size; `undefined` if the file does not even say the rank. */
  readonly shape: readonly number[] | undefined;
  readonly dtype: DType;
  /** `false`: the caller has declared (`inputs`) that axis 0 of this input is no batch, so that it goes to every call as it is. */
  readonly batched?: false;
}

/** A `TensorSpec` with the name that TF.js uses: `node:index` in a graph model, a position in a layers model. */
export interface TensorBinding extends TensorSpec {
  readonly tensorName: string;
}

/** How a model takes a batch. */
export type BatchMode =
  /** A batch of n gives the same as n single items: a shard is one call. */
  | "batched"
  /** Axis 0 is fixed at 1, or a batch fails where single items run: the worker calls the model once per item. */
  | "item-by-item"
  /** Axis 0 is fixed at N > 1: the worker calls the model once per N items. */
  | "groups"
  /** The items depend on each other, or no input has a batch axis: all inputs go into one call, on one worker. */
  | "whole";

/** How a worker carries out a run. What it takes as an item may be a group of items, or a whole batch. */
export type RunMode = "batched" | "item-by-item";

/** What all formats have in common: a model, or one stage of it, as it is sent to a worker. */
interface WireCommon {
  /** For a stage, `name` is the `TensorKey` of the tensor that enters or leaves. */
  readonly inputs: readonly TensorBinding[];
  readonly outputs: readonly TensorBinding[];
  /** The weights as stored, or the whole file. All workers share them if the page is cross-origin isolated; otherwise each gets a copy. */
  readonly weightData: ArrayBuffer | SharedArrayBuffer;
}

interface TfjsWireCommon extends WireCommon {
  /** TF.js `ModelArtifacts` without weight specs and data: plain JSON. */
  readonly artifacts: Readonly<Record<string, unknown>>;
  /** How the worker makes the weights, in the order in which TF.js expects them. */
  readonly weights: WeightRecipes;
  /** The bytes that the recipes' offsets refer to. Quantised weights are still quantised here. */
  readonly weightData: ArrayBuffer | SharedArrayBuffer;
}

export interface GraphWire extends TfjsWireCommon {
  readonly format: "graph-model";
  /** The model has control flow, dynamic shapes or hash tables: TF.js refuses `execute`, so `executeAsync` must be used. */
  readonly needsAsync: boolean;
}

export interface LayersWire extends TfjsWireCommon {
  readonly format: "layers-model";
}

/** A TF.js model, of either format. */
export type TfjsWire = GraphWire | LayersWire;

/** The types of elements that inputs and outputs of a `.tflite` file may have here. */
export type TfliteElement = "float32" | "int32" | "uint32" | "int16" | "uint16" | "int8" | "uint8" | "int64" | "bool";

/** An input or an output of a `.tflite` file. `tensorName` is its name in the signature, or its position where there is none. */
export interface TfliteBinding extends TensorBinding {
  /** As the file says: the worker converts to and from `dtype`. */
  readonly element: TfliteElement;
  /** What the elements mean: `value = (element − zeroPoint) × scale`. Left out where they are the values. */
  readonly quantization?: { readonly scale: number; readonly zeroPoint: number } | undefined;
  /**
   * For an input or output with free sizes: where the file states its shape, byte offsets of lists of int32. The worker writes the sizes of
   * a call there before it loads the file.
   */
  readonly shapeOffsets?: readonly number[] | undefined;
}

/** Bytes of a stage's file: some that the page has written, or a range of `weightData`; `at` is where they go. */
export type FilePart =
  | { readonly at: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly at: number; readonly byteOffset: number; readonly byteLength: number };

/** The file of a stage: its parts do not overlap, and what is between them is padding. */
export interface StageFile {
  readonly byteLength: number;
  readonly parts: readonly FilePart[];
}

/** A TensorFlow Lite model: `weightData` is the whole file. A stage of one has the same `weightData`, of which its own file has parts. */
export interface TfliteWire extends WireCommon {
  readonly format: "tflite";
  readonly inputs: readonly TfliteBinding[];
  readonly outputs: readonly TfliteBinding[];
  /** The key of the signature that runs; `undefined` for a file without any. */
  readonly signature: string | undefined;
  /**
   * Sizes inside of the model are computed while it runs. LiteRT then takes those that the file states for its outputs, and writes beyond
   * them: their axis 0 has to be set to the batch, too.
   */
  readonly computesShapes: boolean;
  /** Left out for a whole model. */
  readonly file?: StageFile | undefined;
}

/** The types of elements that inputs and outputs of an ONNX model may have here. */
export type OnnxElement =
  | "float16"
  | "float32"
  | "float64"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "bool"
  | "string";

/** An input or an output of an ONNX model. */
export interface OnnxBinding extends TensorBinding {
  /** As the file says: the worker converts to and from `dtype`. */
  readonly element: OnnxElement;
}

/** A file beside an `.onnx` model that holds weights of it: a part of `weightData`. */
export interface OnnxDataFile {
  /** As the model names it. */
  readonly path: string;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/**
 * An ONNX model: `weightData` is the `.onnx` file and, behind it, the files with its external data. A stage of one has the same
 * `weightData`, of which each of its larger weights is a data file.
 */
export interface OnnxWire extends WireCommon {
  readonly format: "onnx";
  readonly inputs: readonly OnnxBinding[];
  readonly outputs: readonly OnnxBinding[];
  /** Bytes of the `.onnx` file itself. */
  readonly modelBytes: number;
  /** A stage, as a model of its own; left out for a whole model, with which `weightData` begins. */
  readonly model?: Uint8Array<ArrayBuffer> | undefined;
  readonly dataFiles: readonly OnnxDataFile[];
  /** Whether it computes with floats of 16 bits, as far as its weights, inputs and outputs show. */
  readonly usesFloat16: boolean;
}

/** A model that a server holds: all that its worker needs is what goes in and comes out. On the page, `weightData` is its address. */
export interface RemoteWire extends WireCommon {
  readonly format: "remote";
}

/** A union by format: an engine loads the formats that it knows, and refuses the others. */
export type WireModel = TfjsWire | TfliteWire | OnnxWire | RemoteWire;

/** Whether it is a TF.js model: the only kind whose weights and topology the page knows its way about in. */
export function isTfjsWire(wire: WireModel): wire is TfjsWire {
  return wire.format === "graph-model" || wire.format === "layers-model";
}

/** Bytes of a model or stage in a format that its engine reads itself: about what an engine holds of it. None of a server's. */
export function fileBytes(wire: Exclude<WireModel, TfjsWire>): number {
  if (wire.format === "remote") return 0;
  if (wire.format === "tflite") return wire.file?.byteLength ?? wire.weightData.byteLength;
  if (wire.model === undefined) return wire.weightData.byteLength;
  return wire.dataFiles.reduce((sum, { byteLength }) => sum + byteLength, wire.model.length);
}
