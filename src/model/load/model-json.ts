import { ShardError } from "../../core/errors.js";
import { isJsonObject, type JsonObject, type WeightSpec } from "../artifacts.js";
import { malformed, show } from "../malformed.js";
import { foreignFormatOf, foreignFormatOfBytes, HEAD_BYTES, refuseForeign } from "./foreign-formats.js";
import { readWeightSpecs, weightFileBytes } from "../weights.js";

/** A model.json, checked as far as is needed to load its weights. */
export interface ModelJson {
  /** Everything except the manifest: what goes into `tf.io.ModelArtifacts`. */
  readonly description: JsonObject & { readonly modelTopology: JsonObject };
  /** Paths of the weight files as the manifest states them, in the order in which the files are joined. */
  readonly paths: readonly string[];
  readonly weightSpecs: readonly WeightSpec[];
  /** Bytes of all weight files together; `undefined` if there are strings, whose size is unknown before they are read. */
  readonly weightBytes: number | undefined;
}

/**
 * Read and check a model.json.
 * @param where the address or name of the file, for messages.
 * @throws ShardError "model-malformed"
 */
export function readModelJson(where: string, bytes: Uint8Array): ModelJson {
  const { weightsManifest, ...description } = parseModelJson(where, bytes);
  if (weightsManifest === undefined && hasConstants(description.modelTopology)) {
    throw malformed('"weightsManifest" to name the weight files', "none");
  }
  const groups = readManifest(weightsManifest);
  const weightSpecs = groups.flatMap((group) => group.weights);
  const weightBytes = weightFileBytes(weightSpecs);
  // Nothing is missing if the files of empty groups are.
  return {
    description,
    paths: weightBytes === 0 ? [] : groups.flatMap((group) => group.paths),
    weightSpecs,
    weightBytes,
  };
}

function parseModelJson(where: string, bytes: Uint8Array): ModelJson["description"] {
  const text = new TextDecoder().decode(bytes);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const isHtml = /^\s*</.test(text);
    const foreign =
      foreignFormatOfBytes(bytes.subarray(0, HEAD_BYTES)) ?? foreignFormatOf([where.replace(/[?#].*$/s, "")]);
    if (!isHtml && foreign !== undefined) throw refuseForeign(where, foreign);
    throw new ShardError(
      "model-malformed",
      `Expected JSON at ${where}, received ${isHtml ? "an HTML page" : JSON.stringify(text.slice(0, 40))}: ` +
        (isHtml
          ? "the server answers requests for missing files with a page; check the address."
          : "check that this is a TF.js model.json."),
      { cause },
    );
  }
  if (!isJsonObject(json) || !isJsonObject(json.modelTopology)) {
    if (isJsonObject(json) && typeof json.class_name === "string" && "config" in json) throw bareConfig(where);
    throw new ShardError(
      "model-malformed",
      `Expected "modelTopology" in ${where}, received ${isJsonObject(json) ? `keys ${Object.keys(json).slice(0, 8).join(", ")}` : typeof json}: ` +
        `check that this is a TF.js model.json (tensorflowjs_converter makes one).`,
    );
  }
  return { ...json, modelTopology: json.modelTopology };
}

/** What Keras' `model.to_json()` returns. */
function bareConfig(where: string): ShardError {
  return new ShardError(
    "model-unsupported",
    `Expected a TF.js model.json at ${where}, received the config of a Keras model, which has no weights: save the whole model with model.save("model.keras") and choose that file.`,
  );
}

/** Whether a graph has constants, whose values are in the weight files. */
function hasConstants({ node }: JsonObject): boolean {
  return Array.isArray(node) && node.some((each: unknown) => isJsonObject(each) && each.op === "Const");
}

/** A model without weights needs no manifest. */
function readManifest(manifest: unknown): { paths: string[]; weights: WeightSpec[] }[] {
  if (manifest === undefined) return [];
  if (!Array.isArray(manifest)) throw malformed('"weightsManifest" to be a list', typeof manifest);
  return manifest.map((group: unknown, index) => {
    const paths = isJsonObject(group) ? group.paths : undefined;
    if (!isJsonObject(group) || !Array.isArray(paths) || !paths.every((path) => typeof path === "string")) {
      throw malformed(`"paths" in weightsManifest[${index}]`, show(group, 80));
    }
    return { paths, weights: readWeightSpecs(group.weights, `weightsManifest[${index}].weights`) };
  });
}
