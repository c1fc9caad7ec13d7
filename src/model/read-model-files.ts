import { ShardError } from "../core/errors.js";
import { throwIfAborted } from "../protocol/abort.js";
import { messageOf } from "../protocol/error-record.js";
import type { ModelArtifacts } from "./artifacts.js";
import { ByteCollector, readPieces, type ByteTarget } from "./load/byte-target.js";
import { ProgressCounter, type LoadProgress } from "./load/load-progress.js";
import { listNames, matchWeightFiles, pathOf } from "./load/match-files.js";
import { readModelJson, type ModelJson } from "./load/model-json.js";
import { WeightAssembly } from "./load/weight-assembly.js";
import { checkWeightLength } from "./weights.js";

export interface ReadFilesOptions {
  /** Read the weights into a SharedArrayBuffer (needs cross-origin isolation). */
  readonly shareWeights?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Read a TF.js model from files that a user dropped or chose: one model.json and its weight files, in any order. Other
 * files (a Teachable Machine metadata.json, pictures) are ignored.
 *
 * @throws ShardError "model-not-found" (no model.json, more than one, or one that can't be read), "model-malformed",
 *         "weights-missing", "weights-truncated", "out-of-memory", "aborted"
 */
export async function readModelFiles(
  files: readonly File[],
  { shareWeights = false, signal }: ReadFilesOptions,
  onProgress: (progress: LoadProgress) => void,
): Promise<ModelArtifacts> {
  const progress = new ProgressCounter(onProgress);
  const { file: modelFile, json } = await findModelJson(files, signal);
  progress.add(modelFile.size);
  const weightFiles = matchWeightFiles(json.paths, modelFile, files);
  // Wrong sizes are refused before any memory is allocated.
  checkWeightLength(
    json.weightSpecs,
    weightFiles.reduce((total, { size }) => total + size, 0),
  );
  progress.expect(json.weightBytes);
  const assembly = new WeightAssembly(weightFiles.length, json.weightBytes, shareWeights);
  for (const [index, file] of weightFiles.entries()) {
    await readFile(file, "weights-missing", assembly.file(index), signal, (byteCount) => progress.add(byteCount));
  }
  checkWeightLength(json.weightSpecs, assembly.receivedBytes);
  const { weightData } = assembly.finish();
  progress.finish();
  return { ...json.description, weightSpecs: json.weightSpecs, weightData };
}

async function findModelJson(
  files: readonly File[],
  signal: AbortSignal | undefined,
): Promise<{ file: File; json: ModelJson }> {
  const candidates = files.filter(({ name }) => /\.json$/i.test(name));
  if (candidates.length === 0) throw noModelJson(files);
  const models: { file: File; json: ModelJson }[] = [];
  const refusals = new Map<File, unknown>();
  for (const file of candidates) {
    const collector = new ByteCollector();
    await readFile(file, "model-not-found", collector, signal, () => {});
    try {
      models.push({ file, json: readModelJson(pathOf(file), collector.bytes) });
    } catch (thrown) {
      refusals.set(file, thrown);
    }
  }
  if (models.length > 1) {
    throw new ShardError(
      "model-not-found",
      `Expected one model.json, received ${models.length}: ${listNames(models.map(({ file }) => pathOf(file)))}: choose the files of one model.`,
    );
  }
  if (models[0] !== undefined) return models[0];
  throw refusals.get(candidates.find(({ name }) => /model/i.test(name)) ?? candidates[0]!);
}

async function readFile(
  file: File,
  code: "model-not-found" | "weights-missing",
  target: ByteTarget,
  signal: AbortSignal | undefined,
  onBytes: (byteCount: number) => void,
): Promise<void> {
  throwIfAborted(signal);
  target.begin(file.size);
  try {
    await readPieces(file.stream(), signal, (piece) => {
      target.write(piece);
      onBytes(piece.byteLength);
    });
  } catch (thrown) {
    if (thrown instanceof ShardError) throw thrown;
    throw new ShardError(
      code,
      `Expected to read "${pathOf(file)}", received a failure (${messageOf(thrown)}): the file was moved or changed after it was chosen; choose it again.`,
      { cause: thrown },
    );
  }
  target.end();
}

function noModelJson(files: readonly File[]): ShardError {
  const names = files.map(pathOf);
  const isZip = names.some((name) => /\.(zip|tar|t?gz)$/i.test(name));
  return new ShardError(
    "model-not-found",
    `Expected a model.json among the files, received ${listNames(names)}: ` +
      (isZip
        ? "unpack the archive first, then choose the model.json and the weight files in it."
        : "choose the model.json and its weight files (tensorflowjs_converter makes them from other formats)."),
  );
}
