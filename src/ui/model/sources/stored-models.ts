/** The database in which TF.js's `model.save("indexeddb://NAME")` keeps models. */
const DATABASE = "tensorflowjs";
const STORE = "model_info_store";

/** A model in the browser's own database, of this site. */
export interface StoredModel {
  readonly name: string;
  /** `indexeddb://NAME` */
  readonly address: string;
  readonly savedAt: Date | undefined;
}

/**
 * The models that TF.js has saved in this browser, for this site. Never rejects: where there is no such database, or no access to it, there
 * are none.
 */
export async function listStoredModels(): Promise<StoredModel[]> {
  try {
    // Opening a database that doesn't exist would create an empty one, in which TF.js could save nothing.
    const databases = await indexedDB.databases();
    if (!databases.some(({ name }) => name === DATABASE)) return [];
    const database = await settled(indexedDB.open(DATABASE));
    try {
      if (!database.objectStoreNames.contains(STORE)) return [];
      const records: unknown[] = await settled(database.transaction(STORE).objectStore(STORE).getAll());
      return records.flatMap((record) => toStoredModel(record) ?? []);
    } finally {
      database.close();
    }
  } catch {
    return [];
  }
}

function toStoredModel(record: unknown): StoredModel | undefined {
  const { modelPath, modelArtifactsInfo } = (record ?? {}) as { modelPath?: unknown; modelArtifactsInfo?: unknown };
  if (typeof modelPath !== "string") return undefined;
  const { dateSaved } = (modelArtifactsInfo ?? {}) as { dateSaved?: unknown };
  return {
    name: modelPath,
    address: `indexeddb://${modelPath}`,
    savedAt: dateSaved instanceof Date ? dateSaved : undefined,
  };
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("The database could not be read.")));
  });
}
