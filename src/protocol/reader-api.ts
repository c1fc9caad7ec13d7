import type { Reply } from "./error-record.js";
import type { LinkedApi } from "./link.js";

/** @typeParam B the platform's `Blob`, whose type this layer does not have. */
export interface PathBlob<B> {
  /** With "/" between folders. */
  readonly path: string;
  readonly blob: B;
}

/** What the reader's worker is asked to read. */
export type ReadRequest<B> =
  /** A zip: its files. */
  | { readonly kind: "archive"; readonly name: string; readonly archive: B }
  /** A Keras model in HDF5, whose config is in the file itself or, in a `.keras` file, beside it. */
  | {
      readonly kind: "keras";
      readonly name: string;
      readonly weights: B;
      readonly beside?: KerasParts<B> | undefined;
      /** Put the weights into a SharedArrayBuffer (needs cross-origin isolation). */
      readonly shareWeights: boolean;
    };

/** What a `.keras` file holds beside its weights. */
export interface KerasParts<B> {
  readonly config: B;
  readonly metadata: B | undefined;
  /** Vocabularies, by their paths below "assets". */
  readonly assets: readonly PathBlob<B>[];
}

/** A weight as it lies in the data that was read: a spec of a TF.js manifest. */
export interface ReadWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
  readonly quantization?: { readonly dtype: "float16" };
}

export interface ReadModel {
  /** As in the `modelTopology` of a layers model. */
  readonly modelTopology: {
    readonly keras_version: string | undefined;
    readonly backend: string | undefined;
    readonly model_config: object;
  };
  readonly weightSpecs: readonly ReadWeight[];
  /** The weights back to back. */
  readonly weightData: ArrayBuffer | SharedArrayBuffer;
}

export type ReadResult<B> =
  | { readonly kind: "files"; readonly files: readonly PathBlob<B>[] }
  | { readonly kind: "model"; readonly model: ReadModel };

/** One step of reading: some progress, or the result. */
export type ReadStep<B> = { readonly kind: "busy" } | ReadResult<B>;

/** What the reader's worker offers. It reads in steps, so that a file that makes it hang is told from a large one. */
export interface ModelReaderApi<B> extends LinkedApi {
  /** Load the code that the request needs. An earlier request is given up. */
  begin(request: ReadRequest<B>): Promise<Reply<undefined>>;
  /** Read on, for a part of a second. */
  step(): Promise<Reply<ReadStep<B>>>;
}
