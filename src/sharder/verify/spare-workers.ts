import type { PoolWorker } from "../../pool/pool-worker.js";
import { labelOf, type WorkerSpec } from "../../pool/worker-entries.js";
import type { WorkerPool } from "../../pool/worker-pool.js";

/** A spare that nobody has used for this long is ended; where none could be started, none is tried for this long. */
const IDLE_MS = 30_000;

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
  /** By the label of their kind. */
  readonly #spares = new Map<string, Spare>();

  constructor(pool: WorkerPool) {
    this.#pool = pool;
  }

  /** Do some work on a spare, after what it was asked for before. It lives for at least as long. @returns `undefined` if none can be started. @throws what the work throws */
  async use<T>(spec: WorkerSpec, work: (worker: PoolWorker) => Promise<T>): Promise<T | undefined> {
    const kind = labelOf(spec);
    const spare = this.#spares.get(kind) ?? this.#start(kind, spec);
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
      if (spare.useCount === 0) this.#endLater(kind, spare);
    }
  }

  #start(kind: string, spec: WorkerSpec): Spare {
    let hasStarted = false;
    // One that could not start is remembered, so that not every check tries again.
    const started = this.#pool
      .startAside(spec, () => hasStarted && this.#forget(kind, spare))
      .then((worker) => {
        hasStarted = true;
        return worker;
      })
      .catch(() => undefined);
    const spare: Spare = { started, tail: Promise.resolve(), useCount: 0, idle: undefined };
    this.#spares.set(kind, spare);
    return spare;
  }

  #endLater(kind: string, spare: Spare): void {
    if (this.#spares.get(kind) === spare) spare.idle ??= setTimeout(() => void this.#end(kind, spare), IDLE_MS);
  }

  async #end(kind: string, spare: Spare): Promise<void> {
    this.#forget(kind, spare);
    await (await spare.started)?.stop();
  }

  /** The next use starts another one. */
  #forget(kind: string, spare: Spare): void {
    clearTimeout(spare.idle);
    if (this.#spares.get(kind) === spare) this.#spares.delete(kind);
  }

  /** The workers themselves end with their pool. */
  close(): void {
    for (const [kind, spare] of this.#spares) this.#forget(kind, spare);
  }
}
