import { ShardError } from "../core/errors.js";
import { ModelReader } from "../pool/model-reader.js";
import { openModelReader } from "../pool/worker-entries.js";
import { readLabels, type ModelLabels } from "./labels.js";

/** Where Teachable Machine puts labels. */
const LABELS = /(^|\/)(metadata\.json|labels\.txt)$/;

/**
 * Read the labels that lie in the zip of a model, as Teachable Machine packs them.
 * @param files of the model: one that is no zip, or several, have no labels in them.
 * @returns `undefined` if there are none; what is wrong with a zip is reported where the model is loaded from it.
 * @throws ShardError "model-malformed" for damaged labels
 */
export async function labelsInArchive(files: readonly File[], signal: AbortSignal): Promise<ModelLabels | undefined> {
  const archive = files[0];
  if (files.length !== 1 || archive === undefined || !/\.zip$/i.test(archive.name)) return undefined;
  const found = await findLabels(archive, signal);
  return found === undefined ? undefined : readLabels(found);
}

async function findLabels(archive: File, signal: AbortSignal): Promise<File | undefined> {
  const reader = new ModelReader(openModelReader, signal);
  try {
    const result = await reader.read({ kind: "archive", name: archive.name, archive });
    const labels = result.kind === "files" ? result.files.find(({ path }) => LABELS.test(path)) : undefined;
    return labels && new File([labels.blob], labels.path.slice(labels.path.lastIndexOf("/") + 1));
  } catch (thrown) {
    if (thrown instanceof ShardError) return undefined;
    throw thrown;
  } finally {
    reader.close();
  }
}
