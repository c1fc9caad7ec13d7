import type { OnnxDataFile } from "../../protocol/model-on-wire.js";
import { isJsonObject, type ModelArtifacts } from "../artifacts.js";
import { ProtoMessage } from "./proto-message.js";
import { scanModel } from "./scan-model.js";

/** Files that an `.onnx` file needs beside itself. */
export interface ExternalFiles {
  /** As the model names them, each once, in its order. */
  readonly paths: readonly string[];
  /** How many bytes each has at least. */
  readonly leastBytes: readonly number[];
}

/** The files with external data that a model names. @throws ShardError "model-malformed" */
export function externalFiles(bytes: Uint8Array): ExternalFiles {
  const files = new Map<string, number>();
  for (const { path, byteOffset, byteLength = 0 } of scanModel(new ProtoMessage(bytes)).externalParts) {
    files.set(path, Math.max(files.get(path) ?? 0, byteOffset + byteLength));
  }
  return { paths: [...files.keys()], leastBytes: [...files.values()] };
}

/**
 * An ONNX model as artifacts.
 * @param files the `.onnx` file and, behind it, the others.
 * @param paths of the others.
 * @param byteOffsets of all files, the `.onnx` file's first.
 */
export function onnxArtifacts(
  files: ArrayBuffer | SharedArrayBuffer,
  paths: readonly string[] = [],
  byteOffsets: readonly number[] = [0],
): ModelArtifacts {
  const dataFiles = paths.map((path, index): OnnxDataFile => {
    const byteOffset = byteOffsets[index + 1]!;
    return { path, byteOffset, byteLength: (byteOffsets[index + 2] ?? files.byteLength) - byteOffset };
  });
  return { format: "onnx", modelTopology: { dataFiles }, weightSpecs: [], weightData: files };
}

/** Whether it is an entry of `dataFiles`; artifacts may come from anywhere. */
export function isDataFile(value: unknown): value is OnnxDataFile {
  if (!isJsonObject(value)) return false;
  const { path, byteOffset, byteLength } = value;
  const isCount = (each: unknown): boolean => Number.isSafeInteger(each) && Number(each) >= 0;
  return typeof path === "string" && isCount(byteOffset) && isCount(byteLength);
}
