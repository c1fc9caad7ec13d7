import { ShardError } from "../../core/errors.js";
import type { ModelArtifacts } from "../artifacts.js";
import { checkWeightLength } from "../weights.js";
import { ByteCollector } from "./byte-target.js";
import { findContainer, unpackedKeras, type ReadContainer } from "./containers.js";
import { foreignFormatOf, foreignFormatOfBytes, refuseForeign } from "./foreign-formats.js";
import type { ProgressCounter } from "./load-progress.js";
import { listNames, matchWeightFiles, pathOf, severalModels } from "./match-files.js";
import { readModelJson, type ModelJson } from "./model-json.js";
import { findOnnx, loadOnnxReader } from "./find-onnx.js";
import { findTflite, readTflite } from "./read-tflite.js";
import { MAX_MODEL_JSON_BYTES, modelJsonTooLarge } from "./size-limits.js";
import { headOf, readSource, sourceInArchive, type SourceFile } from "./source-file.js";
import { WeightAssembly } from "./weight-assembly.js";
import { WeightHeads } from "./weight-heads.js";

export interface ReadSourcesOptions {
  /** Read the weights into a SharedArrayBuffer (needs cross-origin isolation). */
  readonly shareWeights?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Reads zips and HDF5 files; without it they are refused. */
  readonly readContainer?: ReadContainer | undefined;
}

/** A zip may hold the zip or the `.keras` file of a model, but no further zips in it. */
const MOST_ARCHIVES = 2;
/** Weights and texts are told by their names; if nothing helps, so many files are looked at. */
const MOST_HEADS = 20;

/**
 * Read the one model among files: a model.json with its weight files, a `.tflite`, `.keras` or `.h5` file, an `.onnx` file with those that it names, what a `.keras` file holds, or a
 * zip with any of these. Other files are ignored.
 * @throws ShardError as `readModelFiles`
 */
export async function readSources(
  files: readonly SourceFile[],
  options: ReadSourcesOptions,
  progress: ProgressCounter,
  archives: readonly string[] = [],
): Promise<ModelArtifacts> {
  const { shareWeights = false, signal, readContainer } = options;
  const { found, refusal } = await findModelJson(files, signal);
  if (found !== undefined) return readTfjsModel(found.file, found.json, files, options, progress);
  const read = async (request: Parameters<ReadContainer>[0]): Promise<ModelArtifacts> => {
    if (readContainer === undefined) throw noReader(request.name);
    // The bytes of a download have been counted already.
    if (progress.loadedBytes === 0)
      progress.add(request.kind === "keras" ? request.weights.size : request.archive.size);
    const result = await readContainer(request);
    if (result.kind === "files") {
      return readSources(result.files.map(sourceInArchive), options, progress, [...archives, request.name]);
    }
    progress.finish();
    return { format: "layers-model", ...result.model };
  };
  const tflite = await findTflite(files);
  if (tflite !== undefined) return readTflite(tflite, options, progress);
  const onnx = await findOnnx(files);
  if (onnx !== undefined) return (await loadOnnxReader(signal)).readOnnx(onnx, files, options, progress);
  const unpacked = unpackedKeras(files, archives.at(-1), shareWeights);
  if (unpacked !== undefined) return read(unpacked);
  const container = await findContainer(files);
  if (container !== undefined) {
    const { kind, file } = container;
    const name = pathOf(file);
    if (kind === "hdf5") return read({ kind: "keras", name, weights: file.blob, shareWeights });
    if (archives.length < MOST_ARCHIVES) return read({ kind: "archive", name, archive: file.blob });
  }
  throw await noModel(files, refusal, archives);
}

async function readTfjsModel(
  modelFile: SourceFile,
  json: ModelJson,
  files: readonly SourceFile[],
  { shareWeights = false, signal }: ReadSourcesOptions,
  progress: ProgressCounter,
): Promise<ModelArtifacts> {
  progress.add(modelFile.blob.size);
  const weightFiles = matchWeightFiles(json.paths, modelFile, files);
  const heads = new WeightHeads(weightFiles.map(pathOf));
  // Wrong sizes are refused before any memory is allocated.
  const totalBytes = weightFiles.reduce((total, { blob }) => total + blob.size, 0);
  try {
    checkWeightLength(json.weightSpecs, totalBytes);
  } catch (thrown) {
    for (const [index, file] of weightFiles.slice(0, MOST_HEADS).entries()) heads.see(index, await headOf(file));
    throw heads.explain(thrown);
  }
  progress.expect(json.weightBytes);
  const assembly = new WeightAssembly(weightFiles.length, json.weightBytes, shareWeights);
  for (const [index, file] of weightFiles.entries()) {
    await readSource(
      file,
      "weights-missing",
      assembly.file(index),
      signal,
      (byteCount) => progress.add(byteCount),
      (head) => heads.see(index, head),
    );
  }
  checkWeightLength(json.weightSpecs, assembly.receivedBytes);
  const { weightData } = assembly.finish();
  progress.finish();
  return { ...json.description, weightSpecs: json.weightSpecs, weightData };
}

/** @returns the model.json; or why the likeliest candidate is none, if there is a candidate. */
async function findModelJson(
  files: readonly SourceFile[],
  signal: AbortSignal | undefined,
): Promise<{ found?: { file: SourceFile; json: ModelJson }; refusal?: unknown }> {
  const candidates = files.filter(({ name }) => /\.json$/i.test(name));
  const models: { file: SourceFile; json: ModelJson }[] = [];
  const refusals = new Map<SourceFile, unknown>();
  for (const file of candidates) {
    if (file.blob.size > MAX_MODEL_JSON_BYTES) {
      refusals.set(file, modelJsonTooLarge(pathOf(file), file.blob.size));
      continue;
    }
    const collector = new ByteCollector();
    await readSource(file, "model-not-found", collector, signal, () => {});
    try {
      models.push({ file, json: readModelJson(pathOf(file), collector.bytes) });
    } catch (thrown) {
      refusals.set(file, thrown);
    }
  }
  if (models.length > 1) {
    throw severalModels(
      models.map(({ file }) => file),
      "model.json",
    );
  }
  if (models[0] !== undefined) return { found: models[0] };
  const likeliest = candidates.find(({ name }) => /model/i.test(name)) ?? candidates[0];
  return likeliest === undefined ? {} : { refusal: refusals.get(likeliest) };
}

async function noModel(files: readonly SourceFile[], refusal: unknown, archives: readonly string[]): Promise<unknown> {
  const paths = files.map(pathOf);
  const where = archives[0] ?? (paths.length === 1 ? paths[0]! : listNames(paths));
  const named = foreignFormatOf(paths);
  if (named !== undefined) return refuseForeign(where, named);
  for (const file of files.slice(0, MOST_HEADS)) {
    const format = foreignFormatOfBytes(await headOf(file));
    if (format !== undefined) return refuseForeign(pathOf(file), format);
  }
  if (refusal !== undefined) return refusal;
  const hasWeights = paths.some((path) => /\.bin$|shard\d+of\d+/i.test(path));
  return new ShardError(
    "model-not-found",
    `Expected a model.json, .tflite, .onnx, .keras, .h5 or zip among the files, received ${listNames(paths)}${archives.length > 0 ? ` in "${archives[0]!.slice(-80)}"` : ""}: ` +
      (hasWeights
        ? "choose the model.json together with its weight files."
        : "choose a Keras file, or the model.json and its weight files (tensorflowjs_converter makes them of TensorFlow's SavedModels)."),
  );
}

function noReader(name: string): ShardError {
  return new ShardError(
    "model-unsupported",
    `Expected a model.json and its weight files, received "${name.slice(-80)}", which only a page can open: use createSharder.`,
  );
}
