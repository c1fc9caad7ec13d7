/**
 * A TF.js model as data: what `tf.io.ModelArtifacts` holds. This layer never runs TF.js; it reads
 * the topology as JSON and the weights as bytes.
 */
export interface ModelArtifacts {
  /** Graph models: a GraphDef as JSON. Layers models: the Keras model config. */
  readonly modelTopology: object;
  readonly weightSpecs: readonly WeightSpec[];
  /** The weights back to back in the order of the specs; quantised ones in their quantised form. */
  readonly weightData: ArrayBuffer | SharedArrayBuffer | ArrayBuffer[];
  readonly format?: string | undefined;
  readonly signature?: object | undefined;
  readonly userDefinedMetadata?: Readonly<Record<string, unknown>> | undefined;
  readonly modelInitializer?: object | undefined;
  readonly initializerSignature?: object | undefined;
  readonly generatedBy?: string | undefined;
  readonly convertedBy?: string | null | undefined;
}

export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool" | "string" | "complex64";
  /** Keras models that were saved with their optimizer also hold its weights. */
  readonly group?: "model" | "optimizer" | undefined;
  readonly quantization?:
    | {
        readonly dtype: "uint8" | "uint16" | "float16";
        readonly scale?: number;
        readonly min?: number;
        readonly original_dtype?: "float32" | "int32";
      }
    | undefined;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns `value` if it is an object, else an empty one: for optional parts of a file, which may hold anything. */
export function asJsonObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** `String(value)` of what a file may hold; "" for an object, which may have a `toString` of its own, so that `String` would throw. */
export function asText(value: unknown): string {
  return typeof value === "object" && value !== null ? "" : String(value);
}

/** `Number(value)` of what a file may hold; NaN for an object, which may have a `valueOf` of its own, so that `Number` would throw. */
export function asNumber(value: unknown): number {
  return typeof value === "object" && value !== null ? NaN : Number(value);
}
