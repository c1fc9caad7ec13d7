// What an .onnx file and those with its external data are loaded with. It comes with the first such model.
import { ShardError } from "../../core/errors.js";
import type { ModelArtifacts } from "../artifacts.js";
import { ByteCollector } from "../load/byte-target.js";
import type { ProgressCounter } from "../load/load-progress.js";
import { matchWeightFiles, pathOf } from "../load/match-files.js";
import { readSource, type SourceFile } from "../load/source-file.js";
import { WeightAssembly } from "../load/weight-assembly.js";
import { WeightHeads } from "../load/weight-heads.js";
import type { WeightPlan } from "../load/weight-plan.js";
import { onnxArtifacts } from "./onnx-artifacts.js";
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

/** A file with external data may end in so many bytes that the model does not use. */
const SPARE_BYTES = 64 * 2 ** 20;

/** Whether the parts that the model names are in its files is checked by `inspectOnnx`. @throws ShardError "model-malformed" */
export function planOnnx(bytes: Uint8Array): WeightPlan {
  const { paths, leastBytes } = externalFiles(bytes);
  const totalBytes = leastBytes.reduce((sum, least) => sum + least, 0);
  // Where the model does not say how long a part is, it reaches to the end of its file.
  const weightBytes = leastBytes.includes(0) ? undefined : totalBytes;
  const mostBytes = weightBytes === undefined ? Infinity : 2 * weightBytes + SPARE_BYTES;
  return {
    ...{ paths, weightBytes, followsModel: true },
    check: (receivedBytes) => {
      if (receivedBytes >= totalBytes && receivedBytes <= mostBytes) return;
      throw new ShardError(
        receivedBytes < totalBytes ? "weights-truncated" : "model-malformed",
        `Expected about ${totalBytes} bytes of external data, received ${receivedBytes}: the files are incomplete or belong to another model; download or export it again.`,
      );
    },
    join: (weightData, byteOffsets) => onnxArtifacts(weightData, paths, byteOffsets),
  };
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
  assembly.add(0, bytes);
  for (const [index, dataFile] of dataFiles.entries()) {
    const target = assembly.file(1 + index);
    const [onBytes, onHead] = [progress.add.bind(progress), heads.see.bind(heads, index)];
    await readSource(dataFile, "weights-missing", target, signal, onBytes, onHead);
  }
  const { weightData, byteOffsets } = assembly.finish();
  progress.finish();
  return onnxArtifacts(weightData, paths, byteOffsets);
}
