import { ShardError } from "../core/errors.js";
import { messageOf } from "../protocol/error-record.js";
import { isJsonObject, type ModelArtifacts, asText } from "./artifacts.js";
import { listNames } from "./load/match-files.js";

export const INDEXEDDB_SCHEME = "indexeddb://";

// TF.js 4.22 keeps models here (tfjs-core, io/indexed_db.ts). A record is { modelPath, modelArtifacts, modelArtifactsInfo }.
const DATABASE = "tensorflowjs";
const STORE = "models_store";

/**
 * Read a model that `model.save("indexeddb://NAME")` of TF.js has saved in this origin's IndexedDB. Doesn't create the database
 * if it is missing, and doesn't keep it open.
 *
 * @param address "indexeddb://NAME"
 * @throws ShardError "model-not-found" listing the names that exist, "model-malformed"
 */
export async function readIndexedDb(address: string): Promise<ModelArtifacts> {
  const name = address.slice(INDEXEDDB_SCHEME.length);
  let record: unknown;
  let names: readonly string[] = [];
  try {
    const database = await openDatabase();
    try {
      if (database?.objectStoreNames.contains(STORE)) {
        const store = database.transaction(STORE, "readonly").objectStore(STORE);
        const [found, keys] = await Promise.all([settled(store.get(name)), settled(store.getAllKeys())]);
        record = found;
        names = keys.map(asText);
      }
    } finally {
      database?.close();
    }
  } catch (thrown) {
    throw new ShardError(
      "model-not-found",
      `Expected to read "${name}" from IndexedDB, received a failure (${messageOf(thrown)}): allow this page to store data, or load the model from an address or files.`,
      { cause: thrown },
    );
  }
  if (record === undefined) {
    throw new ShardError(
      "model-not-found",
      `Expected a model "${name}" in this origin's IndexedDB, received the names ${listNames(names)}: save it first with model.save("${INDEXEDDB_SCHEME}${name}").`,
    );
  }
  return artifactsOf(name, record);
}

function artifactsOf(name: string, record: unknown): ModelArtifacts {
  const artifacts = isJsonObject(record) ? record.modelArtifacts : undefined;
  if (!isJsonObject(artifacts) || !isJsonObject(artifacts.modelTopology)) {
    throw new ShardError(
      "model-malformed",
      `Expected "modelTopology" in the stored model "${name}", received ${isJsonObject(artifacts) ? `keys ${Object.keys(artifacts).slice(0, 8).join(", ")}` : typeof artifacts}: save the model again.`,
    );
  }
  const { weightSpecs = [], weightData = new ArrayBuffer(0) } = artifacts;
  // `inspectModel` checks their contents, as it does for every model.
  return { ...artifacts, weightSpecs, weightData } as unknown as ModelArtifacts;
}

/** Returns `undefined` if TF.js has never saved a model. */
async function openDatabase(): Promise<IDBDatabase | undefined> {
  // Without a version, the browser opens whichever version exists.
  const request = indexedDB.open(DATABASE);
  let isNew = false;
  request.onupgradeneeded = () => {
    // If an empty database of this name were left behind, every later `model.save` would fail.
    isNew = true;
    request.transaction!.abort();
  };
  try {
    return await settled(request);
  } catch (thrown) {
    if (isNew) return undefined;
    throw thrown;
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("The request failed."));
  });
}
