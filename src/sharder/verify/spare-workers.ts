import type { PoolWorker } from "../../pool/pool-worker.js";
import type { BackendName, EngineName } from "../../pool/worker-entries.js";
import type { WorkerPool } from "../../pool/worker-pool.js";

/** A spare that nobody has used for this long is ended; where none could be started, none is tried for this long. */
const IDLE_MS = 30_000;

/** The backends of spares: those whose results don't depend on a driver. */
export type SpareBackend = Extract<BackendName, "wasm" | "cpu">;

interface Spare {
  readonly started: Promise<PoolWorker | undefined>;
  /** Settles once it has done all that it was asked for. */
  tail: Promise<unknown>;
  useCount: number;
  idle: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Workers that compute results again where the pool has nobody who could. They are started on demand and get nothing else to do. They
 * end once nobody has needed them for a while.
 */
export class SpareWorkers {
  readonly #pool: WorkerPool;
  readonly #engine: EngineName;
  readonly #spares = new Map<SpareBackend, Spare>();

  /** @param engine that runs the model. Default "tfjs". */
  constructor(pool: WorkerPool, engine: EngineName = "tfjs") {
    this.#pool = pool;
    this.#engine = engine;
  }

  /** Do some work on a spare, after what it was asked for before. It lives for at least as long. @returns `undefined` if none can be started. @throws what the work throws */
  async use<T>(backend: SpareBackend, work: (worker: PoolWorker) => Promise<T>): Promise<T | undefined> {
    const spare = this.#spares.get(backend) ?? this.#start(backend);
    spare.useCount++;
    try {
      const worker = await spare.started;
      if (worker === undefined) return undefined;
      clearTimeout(spare.idle);
      spare.idle = undefined;
      const done = spare.tail.then(() => work(worker));
      spare.tail = done.catch(() => {});
      return await done;
    } finally {
      spare.useCount--;
      if (spare.useCount === 0) this.#endLater(backend, spare);
    }
  }

  #start(backend: SpareBackend): Spare {
    let hasStarted = false;
    // One that could not start is remembered, so that not every check tries again.
    const started = this.#pool
      .startAside(
        this.#engine === "tfjs" ? { backend } : { backend, engine: this.#engine },
        () => hasStarted && this.#forget(backend, spare),
      )
      .then((worker) => {
        hasStarted = true;
        return worker;
      })
      .catch(() => undefined);
    const spare: Spare = { started, tail: Promise.resolve(), useCount: 0, idle: undefined };
    this.#spares.set(backend, spare);
    return spare;
  }

  #endLater(backend: SpareBackend, spare: Spare): void {
    if (this.#spares.get(backend) === spare) spare.idle ??= setTimeout(() => void this.#end(backend, spare), IDLE_MS);
  }

  async #end(backend: SpareBackend, spare: Spare): Promise<void> {
    this.#forget(backend, spare);
    await (await spare.started)?.stop();
  }

  /** The next use starts another one. */
  #forget(backend: SpareBackend, spare: Spare): void {
    clearTimeout(spare.idle);
    if (this.#spares.get(backend) === spare) this.#spares.delete(backend);
  }

  /** The workers themselves end with their pool. */
  close(): void {
    for (const [backend, spare] of this.#spares) this.#forget(backend, spare);
  }
}
