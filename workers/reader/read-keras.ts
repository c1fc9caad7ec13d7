import { ShardError } from "../../src/core/errors.js";
import { asJsonObject, isJsonObject } from "../../src/model/artifacts.js";
import { checkStructure } from "../../src/model/check-structure.js";
import type { KerasParts, ReadModel, ReadRequest } from "../../src/protocol/reader-api.js";
import { H5File } from "./h5-file.js";
import { listLegacyWeights, readLegacyHeader } from "./legacy-weights.js";
import { damaged } from "./limits.js";
import { readWeights } from "./read-weights.js";
import { listVariables } from "./variable-tree.js";
import { addVocabularies } from "./vocabularies.js";

type KerasRequest = Extract<ReadRequest<Blob>, { kind: "keras" }>;
type Topology = ReadModel["modelTopology"];

/**
 * Read a Keras model from an `.h5` file, or from the parts of a `.keras` file. Yields after every piece of work.
 * @throws ShardError "model-malformed", "model-unsupported", "out-of-memory"
 */
export async function* readKeras({
  name,
  weights,
  beside,
  shareWeights,
}: KerasRequest): AsyncGenerator<undefined, ReadModel> {
  const file = await H5File.open(weights, name);
  try {
    const modelTopology = beside === undefined ? legacyTopology(file) : await topologyBeside(beside, name);
    const datasets = beside === undefined ? listLegacyWeights(file) : listVariables(file);
    yield;
    const { weightSpecs, weightData } = yield* readWeights(file, datasets, weights.size, shareWeights);
    return { modelTopology, weightSpecs, weightData };
  } finally {
    file.close();
  }
}

function legacyTopology(file: H5File): Topology {
  const { config, kerasVersion, backend } = readLegacyHeader(file);
  return { keras_version: kerasVersion, backend, model_config: parseConfig(config, file.name) };
}

async function topologyBeside({ config, metadata, assets }: KerasParts<Blob>, name: string): Promise<Topology> {
  const model = parseConfig(await readText(config, name), name);
  const texts = new Map<string, string>();
  for (const { path, blob } of assets) texts.set(path, await readText(blob, name));
  addVocabularies(model, texts);
  const facts = metadata === undefined ? {} : asJsonObject(parseJson(await readText(metadata, name), name));
  const { keras_version: version } = facts;
  return { keras_version: typeof version === "string" ? version : undefined, backend: undefined, model_config: model };
}

/** Texts of models of hundreds of layers stay below a megabyte, vocabularies below a hundred. */
const MOST_TEXT_BYTES = 2 ** 28;

function readText(blob: Blob, name: string): Promise<string> {
  if (blob.size <= MOST_TEXT_BYTES) return blob.text();
  throw damaged(name, `texts of at most ${MOST_TEXT_BYTES} bytes`, `${blob.size} bytes`);
}

function parseConfig(text: string, name: string): object {
  const config = parseJson(text, name);
  if (isJsonObject(config) && typeof config.class_name === "string") return config;
  throw damaged(name, "the config of a Keras model", text.slice(0, 60));
}

function parseJson(text: string, name: string): unknown {
  try {
    const json: unknown = JSON.parse(text);
    checkStructure(json, `the config in "${name.slice(-80)}"`);
    return json;
  } catch (cause) {
    if (cause instanceof ShardError) throw cause;
    throw damaged(name, "JSON", `"${text.slice(0, 60)}"`, cause);
  }
}
