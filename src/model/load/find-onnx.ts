import { findModelFile } from "./find-model-file.js";
import { isOnnx, isOnnxName } from "./is-onnx.js";
import { loadScript } from "./load-script.js";
import type { SourceFile } from "./source-file.js";

/** Find the one ONNX model among files. @throws as `findModelFile` */
export function findOnnx(files: readonly SourceFile[]): Promise<SourceFile | undefined> {
  return findModelFile(files, { hasName: isOnnxName, hasHead: isOnnx, prefersNames: true });
}

/** What reads ONNX files is loaded with the first of them. @throws as `loadScript` */
export function loadOnnxReader(signal: AbortSignal | undefined): Promise<typeof import("../onnx/onnx-files.js")> {
  return loadScript("reads ONNX models", signal, () => import("../onnx/onnx-files.js"));
}
