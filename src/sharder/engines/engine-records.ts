import type { ModelMemory } from "../memory/model-memory.js";

/** A browser whose storage is slow must not keep the first job waiting, ms. */
const READ_LIMIT_MS = 500;
/** Bytes of LiteRT's loader and WASM as they are transferred. */
const DOWNLOAD_BYTES = 2_850_000;
/** A common connection, Mbit/s, where the browser does not say. */
const ASSUMED_MEGABITS = 10;
/** What a worker takes to start once its files are there, and to compile a model, ms, before it was ever measured. */
const ASSUMED_START_MS = 2_000;

/** The engine that was found to be the faster one for a model, or the only one. */
export interface EngineRecord {
  readonly engine: "tfjs" | "litert";
  /** For people. */
  readonly reason: string;
}

/** What is known from earlier visits: of the model, and of this machine. */
export interface EarlierVisits {
  readonly record: EngineRecord | undefined;
  /** How long jobs of this model took, ms. */
  readonly workedMs: number;
  /** What LiteRT took to load, whatever the model, ms; `undefined` if it never was. */
  readonly loadMs: number | undefined;
}

/** The engine of a model, and what finding it takes, over visits. */
export class EngineRecords {
  readonly #ofModel: ModelMemory;
  readonly #ofMachine: ModelMemory;

  constructor(ofModel: ModelMemory, ofMachine: ModelMemory) {
    this.#ofModel = ofModel;
    this.#ofMachine = ofMachine;
  }

  /** Never rejects; nothing is known where storage takes too long. */
  async read(): Promise<EarlierVisits> {
    const limit = new Promise<undefined>((resolve) => setTimeout(resolve, READ_LIMIT_MS, undefined));
    const read = (memory: ModelMemory, section: "engine" | "use"): Promise<unknown> =>
      Promise.race([memory.read(section), limit]);
    const [record, workedMs, loadMs] = await Promise.all([
      read(this.#ofModel, "engine"),
      read(this.#ofModel, "use"),
      read(this.#ofMachine, "engine"),
    ]);
    return {
      record: isRecord(record) ? record : undefined,
      workedMs: isDuration(workedMs) ? workedMs : 0,
      loadMs: isDuration(loadMs) ? loadMs : undefined,
    };
  }

  found(record: EngineRecord): void {
    this.#ofModel.write("engine", record);
  }

  worked(ms: number): void {
    this.#ofModel.write("use", Math.round(ms));
  }

  loaded(ms: number): void {
    this.#ofMachine.write("engine", Math.round(ms));
  }
}

/** Of the browser's connection, where it says something about it. */
export interface Connection {
  readonly downlink?: number;
  readonly saveData?: boolean;
}

/**
 * What loading LiteRT is expected to take, ms: as long as last time, when its files came from the network or from the browser's cache; or
 * else by the connection. Infinity where the user asked the browser to save data.
 */
export function expectedLoadMs(lastMs: number | undefined, { downlink, saveData }: Connection = {}): number {
  if (lastMs !== undefined) return lastMs;
  if (saveData === true) return Infinity;
  const megabits = downlink !== undefined && downlink > 0 ? downlink : ASSUMED_MEGABITS;
  return ASSUMED_START_MS + (DOWNLOAD_BYTES * 8) / (megabits * 1000);
}

function isDuration(stored: unknown): stored is number {
  return typeof stored === "number" && stored >= 0 && stored < Infinity;
}

function isRecord(stored: unknown): stored is EngineRecord {
  if (typeof stored !== "object" || stored === null || !("engine" in stored) || !("reason" in stored)) return false;
  return (stored.engine === "tfjs" || stored.engine === "litert") && typeof stored.reason === "string";
}
