import type { Reply } from "../protocol/error-record.js";
import type { WireModel } from "../protocol/model-on-wire.js";
import type { ModelKey, WorkerApi } from "../protocol/worker-api.js";
import { expandedBytes, LoadDeadline } from "./load-deadline.js";
import type { WorkerCalls } from "./worker-calls.js";

/** Loads and unloads go before all attempts. */
const FIRST = Infinity;
/** A worker that has nothing else to do unloads at once, ms. */
const UNLOAD_DEADLINE_MS = 10_000;

/** The models and stages that one worker holds. */
export class HeldModels {
  readonly #calls: WorkerCalls<WorkerApi>;
  readonly #keys = new Set<ModelKey>();
  readonly #deadline = new LoadDeadline();

  constructor(calls: WorkerCalls<WorkerApi>) {
    this.#calls = calls;
  }

  has(modelKey: ModelKey): boolean {
    return this.#keys.has(modelKey);
  }

  /**
   * Load a model or a stage beside those that the worker holds.
   * @param alike what is known of how long workers like this one take: it may tell sooner that this one hangs.
   * @throws ShardError "model-malformed", "model-unsupported", "worker-lost", "worker-timeout"
   */
  async load(modelKey: ModelKey, model: WireModel, alike: LoadDeadline | undefined): Promise<void> {
    const bytes = expandedBytes(model);
    let sentAtMs = 0;
    const load = (api: WorkerApi): Promise<Reply<undefined>> => {
      sentAtMs = performance.now();
      return api.load(modelKey, model);
    };
    const deadlineMs = (): number => Math.min(this.#deadline.ms(bytes), alike?.ms(bytes) ?? Infinity);
    await this.#calls.call("load a model", deadlineMs, load, FIRST);
    const tookMs = performance.now() - sentAtMs;
    for (const deadline of [this.#deadline, alike]) deadline?.took(tookMs, bytes);
    this.#keys.add(modelKey);
  }

  /** Dispose of a model or a stage. Never rejects: a dead worker holds nothing. */
  async unload(modelKey: ModelKey): Promise<void> {
    this.#keys.delete(modelKey);
    await this.#calls.call("unload a model", UNLOAD_DEADLINE_MS, (api) => api.unload(modelKey), FIRST).catch(() => {});
  }
}
