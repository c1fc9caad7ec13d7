import { ShardError } from "../../core/errors.js";
import { isJsonObject, type JsonObject, type WeightSpec } from "../artifacts.js";
import { malformed, show } from "../malformed.js";
import { readWeightSpecs, weightFileBytes } from "../weights.js";

/** A model.json, checked as far as loading its weights needs. */
export interface ModelJson {
  /** All of it but the manifest: what `tf.io.ModelArtifacts` takes from it. */
  readonly description: JsonObject & { readonly modelTopology: JsonObject };
  /** Weight files as the manifest names them, in its order, in which they are to be joined. */
  readonly paths: readonly string[];
  readonly weightSpecs: readonly WeightSpec[];
  /** Of all weight files together; `undefined` where strings make it unknowable. */
  readonly weightBytes: number | undefined;
}

/**
 * @param where the address or name of the file, for the errors.
 * @throws ShardError "model-malformed"
 */
export function readModelJson(where: string, bytes: Uint8Array): ModelJson {
  const { weightsManifest, ...description } = parseModelJson(where, bytes);
  const groups = readManifest(weightsManifest);
  const weightSpecs = groups.flatMap((group) => group.weights);
  return {
    description,
    paths: groups.flatMap((group) => group.paths),
    weightSpecs,
    weightBytes: weightFileBytes(weightSpecs),
  };
}

function parseModelJson(where: string, bytes: Uint8Array): ModelJson["description"] {
  const text = new TextDecoder().decode(bytes);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const isHtml = /^\s*</.test(text);
    throw new ShardError(
      "model-malformed",
      `Expected JSON at ${where}, received ${isHtml ? "an HTML page" : JSON.stringify(text.slice(0, 40))}: ` +
        (isHtml
          ? "the server answers missing files with a page; check the address."
          : "check that this is a TF.js model.json."),
      { cause },
    );
  }
  if (!isJsonObject(json) || !isJsonObject(json.modelTopology)) {
    throw new ShardError(
      "model-malformed",
      `Expected "modelTopology" in ${where}, received ${isJsonObject(json) ? `keys ${Object.keys(json).slice(0, 8).join(", ")}` : typeof json}: ` +
        `check that this is a TF.js model.json (tensorflowjs_converter makes one).`,
    );
  }
  return { ...json, modelTopology: json.modelTopology };
}

function readManifest(manifest: unknown): { paths: string[]; weights: WeightSpec[] }[] {
  if (!Array.isArray(manifest)) throw malformed('"weightsManifest" to be a list', typeof manifest);
  return manifest.map((group: unknown, index) => {
    const paths = isJsonObject(group) ? group.paths : undefined;
    if (!isJsonObject(group) || !Array.isArray(paths) || !paths.every((path) => typeof path === "string")) {
      throw malformed(`"paths" in weightsManifest[${index}]`, show(group, 80));
    }
    return { paths, weights: readWeightSpecs(group.weights, `weightsManifest[${index}].weights`) };
  });
}
