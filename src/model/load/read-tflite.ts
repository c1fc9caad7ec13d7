import type { ModelArtifacts } from "../artifacts.js";
import { ByteCollector } from "./byte-target.js";
import { foreignFormatOfBytes, refuseForeign } from "./foreign-formats.js";
import { isTflite, isTfliteName } from "./is-tflite.js";
import type { ProgressCounter } from "./load-progress.js";
import { pathOf, severalModels } from "./match-files.js";
import { headOf, readSource, type SourceFile } from "./source-file.js";

/** Every file's first bytes are read up to this count of files; of more files, only those with telling names. */
const FEW_FILES = 100;

/**
 * Find the one TensorFlow Lite model among files, by its first bytes or by its name; `undefined` if there is none.
 * @throws ShardError "model-not-found" if there are several, "model-unsupported" for one that is plainly something else (a page, an archive)
 */
export async function findTflite(files: readonly SourceFile[]): Promise<SourceFile | undefined> {
  const found: SourceFile[] = [];
  for (const file of files) {
    const isNamed = isTfliteName(file.name);
    if (!isNamed && files.length > FEW_FILES) continue;
    const head = await headOf(file);
    if (!isNamed && !isTflite(head)) continue;
    const format = isTflite(head) ? undefined : foreignFormatOfBytes(head);
    if (format !== undefined) throw refuseForeign(pathOf(file), format);
    found.push(file);
  }
  if (found.length <= 1) return found[0];
  throw severalModels(found);
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
