import type { OnnxDataFile } from "../../protocol/model-on-wire.js";
import type { ModelArtifacts } from "../artifacts.js";

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
