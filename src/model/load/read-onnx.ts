import { ShardError } from "../../core/errors.js";
import type { ModelArtifacts } from "../artifacts.js";
import { externalFiles, onnxArtifacts } from "../onnx/onnx-artifacts.js";
import { ByteCollector } from "./byte-target.js";
import { foreignFormatOfBytes, refuseForeign } from "./foreign-formats.js";
import { isOnnx, isOnnxName } from "./is-onnx.js";
import type { ProgressCounter } from "./load-progress.js";
import { listNames, matchWeightFiles, pathOf } from "./match-files.js";
import { headOf, readSource, type SourceFile } from "./source-file.js";
import { WeightAssembly } from "./weight-assembly.js";
import { WeightHeads } from "./weight-heads.js";

/** First bytes are looked at up to this count of files, where no name says which one is the model. */
const FEW_FILES = 100;

/**
 * Find the one ONNX model among files, by its name or else by its first bytes; `undefined` if there is none.
 * @throws ShardError "model-not-found" if there are several, "model-unsupported" for one that is plainly something else (a page, an archive)
 */
export async function findOnnx(files: readonly SourceFile[]): Promise<SourceFile | undefined> {
  const named = files.filter(({ name }) => isOnnxName(name));
  const found: SourceFile[] = [];
  for (const file of named) {
    const head = await headOf(file);
    const format = isOnnx(head) ? undefined : foreignFormatOfBytes(head);
    if (format !== undefined) throw refuseForeign(pathOf(file), format);
    found.push(file);
  }
  if (named.length === 0 && files.length <= FEW_FILES) {
    for (const file of files) if (isOnnx(await headOf(file))) found.push(file);
  }
  if (found.length <= 1) return found[0];
  throw new ShardError(
    "model-not-found",
    `Expected one model, received ${found.length}: ${listNames(found.map(pathOf))}: choose the files of one model.`,
  );
}

/**
 * Read an `.onnx` file and those with its external data. What is in it is looked at by `inspectOnnx`.
 * @throws ShardError "model-malformed", "weights-missing", "out-of-memory", "aborted"
 */
export async function readOnnx(
  file: SourceFile,
  files: readonly SourceFile[],
  {
    shareWeights = false,
    signal,
  }: { readonly shareWeights?: boolean | undefined; readonly signal?: AbortSignal | undefined },
  progress: ProgressCounter,
): Promise<ModelArtifacts> {
  const model = new ByteCollector();
  await readSource(file, "model-not-found", model, signal, () => {});
  const bytes = model.bytes;
  const { paths } = externalFiles(bytes);
  const dataFiles = matchWeightFiles(paths, file, files);
  const totalBytes = dataFiles.reduce((total, { blob }) => total + blob.size, bytes.length);
  // The bytes of a download have been counted already.
  if (progress.loadedBytes === 0) {
    progress.expect(totalBytes);
    progress.add(bytes.length);
  }
  if (paths.length === 0) {
    progress.finish();
    return onnxArtifacts(bytes.buffer);
  }
  const heads = new WeightHeads(dataFiles.map(pathOf));
  const assembly = new WeightAssembly(1 + paths.length, totalBytes, shareWeights);
  addWhole(assembly, bytes);
  for (const [index, dataFile] of dataFiles.entries()) {
    const target = assembly.file(1 + index);
    const [onBytes, onHead] = [progress.add.bind(progress), heads.see.bind(heads, index)];
    await readSource(dataFile, "weights-missing", target, signal, onBytes, onHead);
  }
  const { weightData, byteOffsets } = assembly.finish();
  progress.finish();
  return onnxArtifacts(weightData, paths, byteOffsets);
}

/** The model itself is the first file of the assembly. */
export function addWhole(assembly: WeightAssembly, bytes: Uint8Array): void {
  const target = assembly.file(0);
  target.begin(bytes.length);
  target.write(bytes);
  target.end();
}
