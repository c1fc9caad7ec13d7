import { ShardError } from "../core/errors.js";
import type { WireModel } from "../protocol/model-on-wire.js";
import type { BackendName } from "../protocol/tensors.js";
import type { ModelKey, WorkerReport } from "../protocol/worker-api.js";
import { PoolWorker, type WorkerSpec } from "./pool-worker.js";

const counters = new Map<BackendName, number>();
const live = new Map<string, PoolWorker>();

/** The worker of this id, in whichever pool: ids are unique on the page. */
export function findLiveWorker(id: string): PoolWorker | undefined {
  return live.get(id);
}

/** The workers of one sharder. */
export class WorkerPool {
  readonly #workers = new Map<string, PoolWorker>();
  readonly #onChange: (worker: PoolWorker) => void;

  /** @param onChange called after every change of a worker's state. */
  constructor(onChange: (worker: PoolWorker) => void) {
    this.#onChange = onChange;
  }

  /** Every worker that was started, in order; dead ones stay, for their error. */
  get workers(): readonly PoolWorker[] {
    return [...this.#workers.values()];
  }

  get(id: string): PoolWorker | undefined {
    return this.#workers.get(id);
  }

  /**
   * Start one more worker.
   * @param models what it holds from the start.
   * @param accept may refuse its backend by throwing a ShardError.
   * @throws ShardError "backend-unavailable", "model-malformed", "worker-lost", "worker-timeout"
   */
  async add(
    spec: WorkerSpec,
    models: Readonly<Record<ModelKey, WireModel>>,
    accept?: (report: WorkerReport) => void,
  ): Promise<PoolWorker> {
    const counter = (counters.get(spec.backend) ?? 0) + 1;
    counters.set(spec.backend, counter);
    const worker = new PoolWorker(`${spec.backend}-${counter}`, spec);
    this.#workers.set(worker.id, worker);
    live.set(worker.id, worker);
    worker.onStateChange = () => {
      if (worker.state === "dead") live.delete(worker.id);
      this.#onChange(worker);
    };
    await worker.start(models, accept);
    return worker;
  }

  /** Stop a worker and forget it. */
  async remove(id: string): Promise<void> {
    await this.#workers.get(id)?.stop();
    this.#workers.delete(id);
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()));
    this.#workers.clear();
  }

  /** @throws ShardError "unknown-worker" listing the ids there are. */
  require(id: string): PoolWorker {
    const worker = this.#workers.get(id);
    if (worker !== undefined) return worker;
    throw new ShardError(
      "unknown-worker",
      `Expected the id of a worker (${[...this.#workers.keys()].join(", ") || "there are none"}), received "${id}": see sharder.workers.`,
    );
  }
}
