import type { ShardError } from "../core/errors.js";
import { AsideWorkers } from "./aside-workers.js";
import { addLive, forgetLive, takeId } from "./live-workers.js";
import type { ChoosableWorker, PoolListener, PoolOptions } from "./pool-types.js";
import type { PoolWorker, WorkerHooks } from "./pool-worker.js";
import { Replacements } from "./replacements.js";
import { delayRules, policyRules, type RestartRules } from "./restart-rules.js";
import { RestartTimers } from "./restart-timers.js";
import { removed, replaced, wasClosed } from "./slot-errors.js";
import { SlotTable } from "./slot-table.js";
import { UnloadedWorkers } from "./unloaded-workers.js";
import type { OpenWorker, WorkerSpec } from "./worker-entries.js";
import { WorkerSlot } from "./worker-slot.js";

const DEFAULT_MAX_HEAP_BYTES = 1.5 * 2 ** 30;
/** How long a script may take before it says anything, ms; doubled with each try, for slow connections. */
const SCRIPT_DEADLINE_MS = 20_000;
const MOST_SCRIPT_DEADLINE_MS = 120_000;

/** How a worker is started. */
interface StartOptions {
  /** A server that is down or busy at first is tried again, as one that was ready before. `start` and `enter` reject all the same. */
  readonly isPatient?: boolean;
}

/** Whether a server may be there in a while, though it is not yet. */
function isPassing({ code }: ShardError): boolean {
  return code === "server-busy" || code === "server-unreachable";
}

/** The workers of one sharder. */
export class WorkerPool {
  /** Set once its owner exists; nothing is reported before. */
  listener: PoolListener | undefined;
  /** Gives a started worker what it needs to be ready, or refuses it with a ShardError. */
  admit: (worker: PoolWorker) => Promise<void> = async () => {};
  readonly #open: OpenWorker;
  readonly #rules: RestartRules;
  readonly #replacements: Replacements;
  readonly #slots = new SlotTable();
  readonly #restarts = new RestartTimers((slot) => this.#restart(slot));
  readonly #aside: AsideWorkers;
  readonly #unloaded: UnloadedWorkers;
  readonly #waiting: (() => void)[] = [];
  /** Servers that were not there at first. */
  readonly #late = new Set<WorkerSlot>();
  #admitsLate = false;
  #isClosed = false;

  constructor({ open, restartDelayMs, canRun = () => true, maxHeapBytes = DEFAULT_MAX_HEAP_BYTES }: PoolOptions) {
    this.#open = open;
    this.#aside = new AsideWorkers(open, (id) => this.#slots.retireId(id));
    this.#rules =
      restartDelayMs === undefined
        ? policyRules(canRun)
        : delayRules((slot) => restartDelayMs(slot, slot.worker!.deathError!));
    this.#unloaded = new UnloadedWorkers({
      slots: this.#slots,
      restarts: this.#restarts,
      release: async (worker) => this.listener?.onReplacing(worker),
      onState: (slot) => this.listener?.onState(slot),
    });
    this.#replacements = new Replacements({
      maxHeapBytes,
      returnMs: (slot) => this.#rules.returnMs(slot),
      release: async (worker) => this.listener?.onReplacing(worker),
    });
  }

  /** Every worker that was started, in order; some dead ones stay, so that their errors can be read. */
  get slots(): readonly WorkerSlot[] {
    return this.#slots.all;
  }

  /** Workers whose engine has started and that have not ended, ready or not. */
  get startedWorkers(): readonly PoolWorker[] {
    return this.#slots.workers(({ report, state }) => report !== undefined && state !== "dead");
  }

  /** The workers that take work. */
  get readyWorkers(): readonly PoolWorker[] {
    return this.#slots.workers(({ isReady }) => isReady);
  }

  /** Those, and those that are unloaded or on their way back, in order. */
  get choosableWorkers(): readonly ChoosableWorker[] {
    return this.#slots.all.flatMap(({ id, kind, spec, worker, isSpare }) => {
      const isReady = worker?.isReady === true;
      return isReady || isSpare ? { id, kind, spec, isReady, isBusy: worker?.state === "busy" } : [];
    });
  }

  /** The present incarnation of a worker; `undefined` if it has none or is unknown. */
  get(id: string): PoolWorker | undefined {
    return this.#slots.get(id)?.worker;
  }

  /** Whether a worker is about to come: one that starts for the first time, or another incarnation of one that is away. */
  get isAnyAway(): boolean {
    return this.#slots.isAnyAway;
  }

  /** Resolves once a worker has become ready, or one that was away or starting is no longer expected. Never rejects. */
  whenChanged(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  has(id: string): boolean {
    return this.#slots.get(id) !== undefined;
  }

  /**
   * Start a worker's engine; the worker becomes ready with `enter`. A start that is lost or hangs is repeated a few times.
   * @param options what becomes of it after a failure.
   * @throws ShardError "backend-unavailable", "worker-lost", "worker-timeout"
   */
  async start(spec: WorkerSpec, { isPatient = false }: StartOptions = {}): Promise<PoolWorker> {
    // Refused before anything is opened.
    if (this.#isClosed) throw wasClosed();
    const slot = new WorkerSlot(takeId(spec), spec, isPatient);
    this.#slots.add(slot);
    try {
      this.#incarnate(slot, spec);
    } catch (thrown) {
      this.#slots.discard(slot);
      throw thrown;
    }
    return slot.started.promise;
  }

  /**
   * Start a worker beside the pool: ready, but listed and reported nowhere, so that it gets no work of any job. It ends with the pool.
   * @param onEnd called once it has ended.
   * @throws as `start`
   */
  async startAside(spec: WorkerSpec, onEnd: () => void): Promise<PoolWorker> {
    if (this.#isClosed) throw wasClosed();
    return this.#aside.start(spec, onEnd);
  }

  /**
   * Admit a worker that has started, and report it ready. If it is lost meanwhile, its next incarnation takes its place.
   * @returns the incarnation that was put to use.
   * @throws ShardError the error it was refused with, such as "model-malformed"; "worker-lost" if it was removed meanwhile.
   */
  async enter({ id }: PoolWorker): Promise<PoolWorker> {
    const slot = this.#slots.get(id);
    if (slot === undefined) throw this.#isClosed ? wasClosed() : removed(id);
    slot.mayEnter = true;
    if (slot.worker?.report !== undefined) await this.#admit(slot, slot.worker);
    return slot.entered.promise;
  }

  /** What workers need is known: servers that were not there at first enter by themselves from now on. */
  admitLate(): void {
    this.#admitsLate = true;
    for (const slot of this.#late) {
      slot.mayEnter = true;
      if (slot.worker?.report !== undefined) void this.#admit(slot, slot.worker);
    }
  }

  async #admit(slot: WorkerSlot, worker: PoolWorker): Promise<void> {
    this.#late.delete(slot);
    if (worker.state === "dead") return;
    try {
      await this.admit(worker);
    } catch (thrown) {
      worker.refuse(thrown as ShardError);
      return;
    }
    if (worker.state !== "starting") return;
    slot.arrive();
    this.#rules.ready(slot);
    worker.becomeReady();
    this.#replacements.watch(slot);
    this.#wake();
    if (worker.isReady) await this.listener?.onReady(worker);
    if (slot.worker === worker && worker.isUsable) slot.entered.resolve(worker);
  }

  /** End a ready worker that is not needed for a while; it finishes what it is on. It stays listed. */
  unload(id: string): void {
    const slot = this.#slots.get(id);
    if (slot !== undefined) this.#unloaded.unload(slot);
  }

  /** Start an unloaded worker again. */
  wake(id: string): void {
    const slot = this.#slots.get(id);
    if (slot !== undefined) this.#unloaded.wake(slot);
  }

  wakeAll(): void {
    if (!this.#isClosed) this.#unloaded.wakeAll();
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
    const slot = this.#slots.require(id);
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
    this.#slots.delete(slot);
    this.#late.delete(slot);
    this.#rules.forget(slot);
  }

  /** Nothing refers to removed workers any more, such as a running job: others may get their ids. */
  releaseIds(): void {
    this.#slots.releaseIds();
  }

  /** Stop every worker, also those that are still starting; no more can be started. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#aside.close(), ...this.#slots.ids.map((id) => this.remove(id))]);
    this.releaseIds();
  }

  /** @throws ShardError "backend-unavailable" if the browser refuses to start the script. */
  #incarnate(slot: WorkerSlot, spec: WorkerSpec): void {
    const hooks: WorkerHooks = {
      onState: (worker) => this.#changed(slot, worker),
      onRan: (worker) => this.#replacements.look(slot, worker),
    };
    const worker = slot.incarnate(spec, () => this.#open(spec, slot.id), hooks);
    addLive(worker);
    this.#rules.started(slot);
    const scriptDeadlineMs = Math.min(SCRIPT_DEADLINE_MS * 2 ** slot.restarts, MOST_SCRIPT_DEADLINE_MS);
    void worker.start(scriptDeadlineMs).then(
      () => {
        slot.started.resolve(worker);
        if (slot.mayEnter) void this.#admit(slot, worker);
      },
      // `#changed` decides what follows.
      () => {},
    );
  }

  #changed(slot: WorkerSlot, worker: PoolWorker): void {
    if (worker.state !== "dead") {
      this.listener?.onState(slot);
      return;
    }
    forgetLive(slot.id);
    this.#replacements.forget(slot);
    const { deathError } = worker;
    if (slot.isLeaving || this.#isClosed) this.#giveUp(slot, deathError);
    else if (slot.isUnloaded) this.listener?.onState(slot);
    else if (deathError === undefined) this.#replace(slot);
    else if (slot.isPatient && !slot.hasBeenReady && isPassing(deathError)) this.#awaitServer(slot, deathError);
    // A worker that refuses its first start or the model is the caller's choice to correct.
    else if (!slot.hasBeenReady && worker.hasRefused) this.#giveUp(slot, deathError);
    else this.#recover(slot, deathError);
  }

  /** Its server does not answer yet: nobody waits for that, and it enters by itself once it does. */
  #awaitServer(slot: WorkerSlot, error: ShardError): void {
    slot.fail(error);
    this.#late.add(slot);
    slot.mayEnter ||= this.#admitsLate;
    this.#recover(slot, error);
  }

  #recover(slot: WorkerSlot, error: ShardError): void {
    const plan = this.#rules.died(slot, this.#slots.isLast(slot));
    this.wakeAll();
    if (plan.kind === "give-up") return this.#giveUp(slot, error);
    if (plan.kind === "quarantine") slot.quarantine();
    else slot.leave();
    this.#restarts.set(slot, plan.delayMs);
    if (plan.kind === "quarantine") this.#wake();
    this.listener?.onState(slot);
    if (plan.kind === "quarantine") this.listener?.onGone(slot, error);
    else if (slot.hasBeenReady) this.listener?.onLost(slot, { kind: "lost", error, returnsAs: plan.spec });
  }

  /** It was stopped so that a fresh incarnation can take its place. */
  #replace(slot: WorkerSlot): void {
    if (slot.isSpare) return this.#restarts.set(slot, 0);
    slot.leave();
    this.#restarts.set(slot, 0);
    this.listener?.onState(slot);
    this.listener?.onLost(slot, { kind: "replaced", error: replaced(slot.id) });
  }

  #restart(slot: WorkerSlot): void {
    const lastError = slot.worker?.deathError ?? removed(slot.id);
    const plan = this.#rules.next(slot);
    if (plan.kind !== "restart") return this.#giveUp(slot, lastError);
    if (plan.delayMs > 0) return this.#restarts.set(slot, plan.delayMs);
    try {
      this.#incarnate(slot, plan.spec);
    } catch (thrown) {
      // The browser did not open its script.
      this.#giveUp(slot, thrown as ShardError);
    }
  }

  /** It is gone for good. */
  #giveUp(slot: WorkerSlot, error: ShardError | undefined): void {
    slot.settle(error ?? (this.#isClosed ? wasClosed() : removed(slot.id)));
    this.wakeAll();
    this.#wake();
    this.listener?.onState(slot);
    this.listener?.onGone(slot, error);
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const slot of this.#slots.surplus) {
      this.#slots.delete(slot);
      this.#rules.forget(slot);
      this.listener?.onForgotten(slot.id);
    }
  }

  /** No other incarnation, not even one that is due. */
  #retire(slot: WorkerSlot): void {
    slot.retire();
    this.wakeAll();
    this.#restarts.cancel(slot);
    this.#replacements.forget(slot);
    if (!slot.isGone && slot.worker?.state === "dead") this.#giveUp(slot, slot.worker.deathError);
    // Nobody waits for it any more, even if it is still starting.
    else this.#wake();
  }
}
