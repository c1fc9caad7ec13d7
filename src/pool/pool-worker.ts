import { deathCauseOf, type DeathCause } from "../core/death-cause.js";
import { ShardError } from "../core/errors.js";
import type { InjectedFault } from "../protocol/fault-api.js";
import type { WireModel } from "../protocol/model-on-wire.js";
import type {
  ModelKey,
  RunRequest,
  TraceRequest,
  TraceResult,
  WorkerApi,
  WorkerMemory,
  WorkerReport,
} from "../protocol/worker-api.js";
import { ASIDE, type CallWatch } from "./call-table.js";
import { HeldModels } from "./held-models.js";
import type { LoadDeadline } from "./load-deadline.js";
import { lostTo } from "./slot-errors.js";
import { WorkerCalls } from "./worker-calls.js";
import { labelOf, type WorkerSpec } from "./worker-entries.js";
import { WorkerRuns, type FinishedRun } from "./worker-runs.js";
import { WorkerLife, type IncarnationState } from "./worker-life.js";
import type { WorkerLink } from "./worker-link.js";

/** What the owner of a worker is told. */
export interface WorkerHooks {
  /** Called after every change of state. */
  readonly onState: (worker: PoolWorker) => void;
  /** Called after every run that has completed. */
  readonly onRan: (worker: PoolWorker) => void;
}

/** All that leaves the page of a model that a server has already: what goes in and comes out. */
function interfaceOf({ inputs, outputs }: WireModel): WireModel {
  return { format: "remote", inputs, outputs, weightData: new ArrayBuffer(0) };
}

/** Long enough to compile WASM or to get a device on a slow machine, once the script is there. */
const START_DEADLINE_MS = 60_000;
/** A worker that has nothing else to do listens at once. */
const LISTEN_DEADLINE_MS = 10_000;
/** A worker in the middle of a shard doesn't see `stop`; it is terminated anyway. */
const STOP_DEADLINE_MS = 1_000;

/** One incarnation of a worker: its life and all calls to it. Once dead, it stays dead. */
export class PoolWorker {
  /** The id of its slot. */
  readonly id: string;
  readonly spec: WorkerSpec;

  readonly #calls: WorkerCalls<WorkerApi>;
  readonly #life: WorkerLife;
  readonly #models: HeldModels;
  readonly #runs: WorkerRuns;
  #report: WorkerReport | undefined;
  #hasRefused = false;

  constructor(id: string, spec: WorkerSpec, link: WorkerLink<WorkerApi>, hooks: WorkerHooks) {
    this.id = id;
    this.spec = spec;
    this.#life = new WorkerLife(id, spec, () => hooks.onState(this));
    this.#calls = new WorkerCalls(link, {
      name: `worker "${id}"`,
      workerId: id,
      lostTo: (reason) => lostTo(id, spec.backend, this.state === "starting", reason),
      onEnd: (error, cause) => this.kill(error, cause),
    });
    this.#models = new HeldModels(this.#calls);
    this.#runs = new WorkerRuns({
      workerId: id,
      calls: this.#calls,
      life: this.#life,
      kill: (error, cause) => this.kill(error, cause),
      onRan: () => hooks.onRan(this),
    });
  }

  get state(): IncarnationState {
    return this.#life.state;
  }

  /** The latest thing that went wrong, in a shard or with the worker itself. */
  get lastError(): ShardError | undefined {
    return this.#life.lastError;
  }

  /** The error that ended it; `undefined` while it lives, and if it was stopped on purpose. */
  get deathError(): ShardError | undefined {
    return this.#life.deathError;
  }

  /** Why it ended; `undefined` while it lives, and if it was stopped on purpose. */
  get deathCause(): DeathCause | undefined {
    return this.#life.deathCause;
  }

  /** Whether it takes more work. */
  get isReady(): boolean {
    return this.state === "ready" || this.state === "busy";
  }

  /** Whether the models it holds can still be used: it is ready or draining. */
  get isUsable(): boolean {
    return this.isReady || this.state === "draining";
  }

  /** What the worker reported about itself; `undefined` until it has started. */
  get report(): WorkerReport | undefined {
    return this.#report;
  }

  /** Workers of one entry on one device are of one kind: what was measured on one holds for the others. */
  get kind(): string {
    return kindOf(this.spec, this.#report);
  }

  /** How long ago it became ready, ms; `undefined` if it never did. */
  get readyMs(): number | undefined {
    return this.#life.readyMs;
  }

  /** How many runs it has completed. */
  get finishedCount(): number {
    return this.#runs.finishedCount;
  }

  /** What its backend had reserved after the latest run, bytes; `undefined` if it did not say. */
  get heapBytes(): number | undefined {
    return this.#runs.heapBytes;
  }

  /** Whether it ended because it can't start here or can't take the model, rather than by a fault: its script is wrong, or it said so. */
  get hasRefused(): boolean {
    return this.#hasRefused || (this.deathCause === "crashed" && !this.#calls.hasAnswered);
  }

  get wantsPowersOfTwo(): boolean {
    return this.#report?.wantsPowersOfTwo === true;
  }

  /**
   * Start the engine.
   * @param scriptDeadlineMs until its script is there. A worker that was terminated before that gives no other sign.
   * @throws ShardError "backend-unavailable", "worker-lost", "worker-timeout"; afterwards the worker is dead.
   */
  async start(scriptDeadlineMs: number = START_DEADLINE_MS): Promise<WorkerReport> {
    const { backend: _backend, engine: _engine, ...settings } = this.spec;
    const deadlineMs = (): number => (this.#calls.hasAnswered ? START_DEADLINE_MS : scriptDeadlineMs);
    try {
      this.#report = await this.#calls.call("start", deadlineMs, (api) =>
        api.start({ workerId: this.id, ...settings }),
      );
      return this.#report;
    } catch (thrown) {
      this.refuse(thrown as ShardError);
      throw thrown;
    }
  }

  /** Mark it ready for work, unless it is draining or dead already. */
  becomeReady(): void {
    this.#life.becomeReady();
  }

  /** End it because it can't be used, unless it has ended already. */
  refuse(error: ShardError): void {
    this.#hasRefused = this.state !== "dead";
    this.kill(error);
  }

  /**
   * Load a model or a stage beside what the worker holds.
   * @param alike what is known of how long workers like this one take: it may tell sooner that this one hangs.
   * @throws ShardError "model-malformed", "model-unsupported", "worker-lost", "worker-timeout"
   */
  async load(modelKey: ModelKey, model: WireModel, alike?: LoadDeadline): Promise<void> {
    try {
      await this.requireListening();
      await this.#models.load(modelKey, this.spec.backend === "remote" ? interfaceOf(model) : model, alike);
    } catch (thrown) {
      this.#runs.endIfLost(thrown as ShardError);
      throw thrown;
    }
  }

  /**
   * One that has been idle may hang without anybody having noticed, and what follows may take long: see whether it listens.
   * @throws ShardError "worker-lost", "worker-timeout"
   */
  async requireListening(): Promise<void> {
    if (this.isUsable) await this.#calls.call("listen", LISTEN_DEADLINE_MS, (api) => api.cancel([]), ASIDE);
  }

  /** Dispose of a model or a stage. Never rejects: a dead worker holds nothing. */
  unload(modelKey: ModelKey): Promise<void> {
    return this.#models.unload(modelKey);
  }

  holds(modelKey: ModelKey): boolean {
    return this.#models.has(modelKey);
  }

  /** Run some items. As `WorkerRuns.run`. */
  run(request: RunRequest, deadlineMs: () => number, watch?: CallWatch): Promise<FinishedRun> {
    return this.#runs.run(request, deadlineMs, watch);
  }

  /** Measure layer after layer. As `WorkerRuns.trace`; @throws also if it does not listen, as `requireListening`. */
  async trace(request: TraceRequest, limitMs: () => number = () => Infinity): Promise<TraceResult> {
    await this.requireListening();
    return this.#runs.trace(request, limitMs);
  }

  /** Cancel attempts whose results are no longer wanted: queued ones end at once with "aborted". */
  cancel(attemptIds: readonly string[]): void {
    if (this.state === "dead") return;
    // If the worker is lost meanwhile, nothing is left to cancel.
    this.#calls.call("cancel attempts", START_DEADLINE_MS, (api) => api.cancel(attemptIds), ASIDE).catch(() => {});
  }

  /** @throws ShardError "worker-lost", "worker-timeout" */
  memory(): Promise<WorkerMemory> {
    return this.#calls.call("report its memory", START_DEADLINE_MS, (api) => api.memory(), ASIDE);
  }

  /** Break something in the worker on purpose. @throws ShardError "invalid-options", "worker-lost", "worker-timeout" */
  async inject(fault: InjectedFault): Promise<void> {
    await this.#calls.call("take a fault", START_DEADLINE_MS, (api) => api.inject(fault), ASIDE);
  }

  /** Make all further calls through `wrap(api)` instead of the link's own API. */
  intercept(wrap: (api: WorkerApi) => WorkerApi): void {
    this.#calls.intercept(wrap);
  }

  /** Take no more shards; those under way finish. */
  drain(): void {
    this.#life.drain();
  }

  /** Resolves once no call is under way. Never rejects. */
  whenIdle(): Promise<void> {
    return this.#calls.whenIdle();
  }

  /** Release the models and the device, then end the worker. Never rejects. */
  async stop(): Promise<void> {
    if (this.state === "dead") return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_DEADLINE_MS)));
    // The worker is ended even if it fails to release what it holds.
    const released = this.#calls.call("stop", START_DEADLINE_MS, (api) => api.stop(), ASIDE).catch(() => {});
    await Promise.race([released, deadline]);
    clearTimeout(timer);
    this.kill(new ShardError("disposed", `Worker "${this.id}" was stopped.`, { workerId: this.id }));
  }

  /** End the worker now; its calls reject with `error`. */
  kill(error: ShardError, cause: DeathCause = deathCauseOf(error.code)): void {
    if (this.state === "dead") return;
    this.#calls.end(error);
    this.#life.die(error, cause);
  }
}

/** @see PoolWorker.kind */
export function kindOf(spec: WorkerSpec, report: WorkerReport | undefined): string {
  return `${labelOf(spec)} ${report?.device ?? ""}`;
}
