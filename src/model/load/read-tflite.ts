import type { ModelArtifacts } from "../artifacts.js";
import { ByteCollector } from "./byte-target.js";
import { findModelFile } from "./find-model-file.js";
import { isTflite, isTfliteName } from "./is-tflite.js";
import type { ProgressCounter } from "./load-progress.js";
import { readSource, type SourceFile } from "./source-file.js";

/** Find the one TensorFlow Lite model among files. @throws as `findModelFile` */
export function findTflite(files: readonly SourceFile[]): Promise<SourceFile | undefined> {
  return findModelFile(files, { hasName: isTfliteName, hasHead: isTflite, prefersNames: false });
}

/** Read a `.tflite` file whole. What is in it is looked at by `inspectTflite`. */
export async function readTflite(
  file: SourceFile,
  { signal }: { readonly signal?: AbortSignal | undefined },
  progress: ProgressCounter,
): Promise<ModelArtifacts> {
  // The bytes of a download have been counted already.
  const isCounted = progress.loadedBytes > 0;
  if (!isCounted) progress.expect(file.blob.size);
  const collector = new ByteCollector();
  await readSource(file, "model-not-found", collector, signal, (byteCount) => {
    if (!isCounted) progress.add(byteCount);
  });
  progress.finish();
  return tfliteArtifacts(collector.bytes.buffer);
}

/** A `.tflite` file as artifacts: it has no topology beside its bytes. */
export function tfliteArtifacts(file: ArrayBuffer | SharedArrayBuffer): ModelArtifacts {
  return { format: "tflite", modelTopology: {}, weightSpecs: [], weightData: file };
}
