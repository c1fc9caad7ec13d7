import type { ModelArtifacts } from "./artifacts.js";
import { ProgressCounter, type LoadProgress } from "./load/load-progress.js";
import { readSources, type ReadSourcesOptions } from "./load/read-sources.js";
import { sourceOf } from "./load/source-file.js";

/**
 * Read a model from files that a user dropped or chose, in any order: a model.json and its weight files, a `.keras` or `.h5` file, or a
 * zip with one of these. Other files (a Teachable Machine metadata.json, pictures) are ignored.
 *
 * @throws ShardError "model-not-found" (no model, more than one, or one that can't be read), "model-malformed", "model-unsupported" (a
 *         format that is not read here), "weights-missing", "weights-truncated", "out-of-memory", "aborted"
 */
export function readModelFiles(
  files: readonly File[],
  options: ReadSourcesOptions,
  onProgress: (progress: LoadProgress) => void,
): Promise<ModelArtifacts> {
  return readSources(files.map(sourceOf), options, new ProgressCounter(onProgress));
}
