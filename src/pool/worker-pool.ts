import { ShardError } from "../core/errors.js";
import type { WorkerApi } from "../protocol/worker-api.js";
import type { PoolWorker } from "./pool-worker.js";
import type { BackendName, OpenWorker, WorkerSpec } from "./worker-entries.js";
import type { WorkerLink } from "./worker-link.js";
import { WorkerSlot } from "./worker-slot.js";

const counters = new Map<BackendName, number>();
const live = new Map<string, PoolWorker>();

/** The live worker with this id, in any pool: ids are unique on the page. */
export function findLiveWorker(id: string): PoolWorker | undefined {
  return live.get(id);
}

/** What the pool reports to its owner. */
export interface PoolListener {
  /** A worker's state has changed. */
  onState(slot: WorkerSlot): void;
  /** A worker is ready for work. Jobs and splits take workers in here and nowhere else. Resolves once they have. */
  onReady(worker: PoolWorker): Promise<void>;
  /** A worker has ended, and another incarnation will replace it. */
  onLost(slot: WorkerSlot, error: ShardError): void;
  /** A worker has ended for good. @param error `undefined` if it was stopped on purpose. */
  onGone(slot: WorkerSlot, error: ShardError | undefined): void;
}

export interface PoolOptions {
  readonly open: OpenWorker;
  /**
   * How long after its end a worker is restarted, ms; `undefined`: not at all.
   * Default: workers are never restarted.
   */
  readonly restartDelayMs?: (slot: WorkerSlot, error: ShardError) => number | undefined;
}

/** The workers of one sharder. */
export class WorkerPool {
  /** Set once its owner exists; nothing is reported before. */
  listener: PoolListener | undefined;
  /** Gives a started worker what it needs to be ready, or refuses it with a ShardError. */
  admit: (worker: PoolWorker) => Promise<void> = async () => {};
  readonly #open: OpenWorker;
  readonly #restartDelayMs: NonNullable<PoolOptions["restartDelayMs"]>;
  readonly #slots = new Map<string, WorkerSlot>();
  readonly #restarts = new Map<WorkerSlot, ReturnType<typeof setTimeout>>();
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor({ open, restartDelayMs = () => undefined }: PoolOptions) {
    this.#open = open;
    this.#restartDelayMs = restartDelayMs;
  }

  /** Every worker that was started, in order; dead ones stay, so that their errors can be read. */
  get slots(): readonly WorkerSlot[] {
    return [...this.#slots.values()];
  }

  /** Workers whose engine has started and that have not ended, ready or not. */
  get startedWorkers(): readonly PoolWorker[] {
    return this.slots.flatMap(({ worker }) => (worker?.report !== undefined && worker.state !== "dead" ? worker : []));
  }

  /** The workers that take work. */
  get readyWorkers(): readonly PoolWorker[] {
    return this.slots.flatMap(({ worker }) => (worker?.isReady === true ? worker : []));
  }

  /** The present incarnation of a worker; `undefined` if it has none or is unknown. */
  get(id: string): PoolWorker | undefined {
    return this.#slots.get(id)?.worker;
  }

  /** As `get`. @throws ShardError "worker-lost" if there is none: its end has been reported, or will be at once. */
  requireWorker(id: string): PoolWorker {
    const worker = this.get(id);
    if (worker !== undefined) return worker;
    throw new ShardError("worker-lost", `Expected worker "${id}" to be in the pool, but it was removed.`, {
      workerId: id,
    });
  }

  /** Whether a worker is away: another incarnation of it will come. */
  get isAnyAway(): boolean {
    return this.slots.some(({ isAway }) => isAway);
  }

  /** Resolves once a worker has become ready, or one that was away is gone for good. Never rejects. */
  whenChanged(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  has(id: string): boolean {
    return this.#slots.has(id);
  }

  /**
   * Start a worker's engine; the worker becomes ready with `enter`.
   * @throws ShardError "backend-unavailable", "worker-lost", "worker-timeout"
   */
  async start(spec: WorkerSpec): Promise<PoolWorker> {
    const counter = (counters.get(spec.backend) ?? 0) + 1;
    counters.set(spec.backend, counter);
    const slot = new WorkerSlot(`${spec.backend}-${counter}`, spec);
    // Refused before anything is opened.
    if (this.#isClosed)
      throw new ShardError("disposed", "Expected live workers, received a request after they were stopped.");
    const link = this.#open(spec, slot.id);
    this.#slots.set(slot.id, slot);
    return this.#incarnate(slot, () => link);
  }

  /**
   * Admit a worker that has started, and report it ready.
   * @throws ShardError the error it was refused with, such as "model-malformed"; "worker-lost" if it was removed meanwhile.
   */
  async enter(worker: PoolWorker): Promise<void> {
    try {
      await this.admit(worker);
    } catch (thrown) {
      const error = this.#whyNot(worker.id, thrown as ShardError);
      worker.kill(error);
      throw error;
    }
    worker.becomeReady();
    if (!worker.isReady) throw worker.deathError ?? removed(worker.id);
    this.#slots.get(worker.id)?.arrive();
    this.#wake();
    await this.listener?.onReady(worker);
  }

  /**
   * End a worker that was proven wrong; what it is on goes to the others. It is not restarted before a probation.
   * Whoever proves it wrong reports the fault. Workers that have ended are ignored.
   * @param error why, in words for people; put into `sharder.workers`.
   */
  quarantine(id: string, error: ShardError): void {
    this.#slots.get(id)?.worker?.kill(error, "wrong-output");
  }

  /** No more work for a worker, and no other incarnation of it. @throws ShardError "unknown-worker" */
  drain(id: string): WorkerSlot {
    const slot = this.require(id);
    this.#retire(slot);
    slot.worker?.drain();
    return slot;
  }

  /** Stop a worker and forget it. */
  async remove(id: string): Promise<void> {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    this.#retire(slot);
    await slot.worker?.stop();
    this.#slots.delete(id);
  }

  /** Stop every worker, also those that are still starting; no more can be started. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#slots.keys()].map((id) => this.remove(id)));
  }

  /** @throws ShardError "unknown-worker" listing the known ids. */
  require(id: string): WorkerSlot {
    const slot = this.#slots.get(id);
    if (slot !== undefined) return slot;
    throw new ShardError(
      "unknown-worker",
      `Expected the id of a worker (${[...this.#slots.keys()].join(", ") || "there are none"}), received "${id}": see sharder.workers.`,
    );
  }

  #incarnate(slot: WorkerSlot, open: () => WorkerLink<WorkerApi>): Promise<PoolWorker> {
    const worker = slot.incarnate(open, () => this.#changed(slot, worker));
    live.set(slot.id, worker);
    return worker.start().then(
      () => worker,
      (thrown: ShardError) => Promise.reject(this.#whyNot(slot.id, thrown)),
    );
  }

  /** A worker that was stopped while it started was removed, unless the whole pool was closed. */
  #whyNot(workerId: string, thrown: ShardError): ShardError {
    return thrown.code === "disposed" && !this.#isClosed ? removed(workerId) : thrown;
  }

  #changed(slot: WorkerSlot, worker: PoolWorker): void {
    if (worker.state !== "dead") {
      this.listener?.onState(slot);
      return;
    }
    live.delete(slot.id);
    const { deathError } = worker;
    // One that never was ready, or that nobody listens to yet, is the caller's to start again.
    const isKnown = slot.hasBeenReady && this.listener !== undefined;
    const mayReturn = deathError !== undefined && isKnown && !slot.isLeaving && !this.#isClosed;
    if (worker.deathCause === "wrong-output") slot.quarantine();
    const delayMs =
      mayReturn && worker.deathCause !== "wrong-output" ? this.#restartDelayMs(slot, deathError) : undefined;
    if (deathError === undefined || delayMs === undefined) {
      this.#giveUp(slot, deathError);
    } else {
      slot.leave();
      this.#restarts.set(
        slot,
        setTimeout(() => void this.#restart(slot), delayMs),
      );
      this.listener?.onState(slot);
      this.listener?.onLost(slot, deathError);
    }
  }

  async #restart(slot: WorkerSlot): Promise<void> {
    this.#restarts.delete(slot);
    try {
      await this.enter(await this.#incarnate(slot, () => this.#open(slot.spec, slot.id)));
    } catch (thrown) {
      // If a worker ends while it starts, `#changed` decides about its restart. If the browser did not open it, nothing else does.
      if (slot.isAway && slot.worker?.state === "dead" && !this.#restarts.has(slot))
        this.#giveUp(slot, thrown as ShardError);
    }
  }

  /** It is gone for good. */
  #giveUp(slot: WorkerSlot, error: ShardError | undefined): void {
    slot.settle();
    this.#wake();
    this.listener?.onState(slot);
    this.listener?.onGone(slot, error);
  }

  /** No other incarnation, not even one that is due. */
  #retire(slot: WorkerSlot): void {
    slot.retire();
    clearTimeout(this.#restarts.get(slot));
    this.#restarts.delete(slot);
    if (slot.isAway && slot.worker?.state === "dead") this.#giveUp(slot, slot.worker.deathError!);
  }
}

function removed(workerId: string): ShardError {
  return new ShardError(
    "worker-lost",
    `Expected worker "${workerId}" to be ready, but it was removed while it started.`,
    {
      workerId,
    },
  );
}
