import { addLive, forgetLive, releaseId, takeId } from "./live-workers.js";
import { PoolWorker } from "./pool-worker.js";
import type { OpenWorker, WorkerSpec } from "./worker-entries.js";

/** Workers that are no part of a pool, but end with it: they are listed and reported nowhere, and get no work of any job. */
export class AsideWorkers {
  readonly #open: OpenWorker;
  readonly #onEnd: (id: string) => void;
  readonly #workers = new Set<PoolWorker>();

  /** @param onEnd called once a worker has ended. Its id stays taken. */
  constructor(open: OpenWorker, onEnd: (id: string) => void) {
    this.#open = open;
    this.#onEnd = onEnd;
  }

  /**
   * Start a worker, and make it ready.
   * @param onEnd called once it has ended.
   * @throws ShardError "backend-unavailable", "worker-lost", "worker-timeout"
   */
  async start(spec: WorkerSpec, onEnd: () => void): Promise<PoolWorker> {
    const id = takeId(spec);
    const onState = (): void => {
      if (worker.state !== "dead") return;
      this.#workers.delete(worker);
      forgetLive(id);
      this.#onEnd(id);
      onEnd();
    };
    let link: ReturnType<OpenWorker>;
    try {
      link = this.#open(spec, id);
    } catch (thrown) {
      releaseId(id);
      throw thrown;
    }
    const worker = new PoolWorker(id, spec, link, { onState, onRan: () => {} });
    this.#workers.add(worker);
    addLive(worker);
    await worker.start();
    worker.becomeReady();
    return worker;
  }

  /** Stop all of them. Never rejects. */
  async close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.stop()));
  }
}
