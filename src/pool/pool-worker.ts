import { deathCauseOf, type DeathCause } from "../core/death-cause.js";
import { ShardError } from "../core/errors.js";
import type { InjectedFault } from "../protocol/fault-api.js";
import type { WireModel } from "../protocol/model-on-wire.js";
import { fromErrorRecord, type Reply } from "../protocol/error-record.js";
import { buffersOf } from "../protocol/run-inputs.js";
import type {
  ModelKey,
  RunRequest,
  RunResult,
  TraceRequest,
  TraceResult,
  WorkerApi,
  WorkerMemory,
  WorkerReport,
} from "../protocol/worker-api.js";
import { ASIDE, type CallWatch } from "./call-table.js";
import { expandedBytes, LoadDeadline } from "./load-deadline.js";
import { serviceMsOf } from "./service-time.js";
import { handOver, WorkerCalls } from "./worker-calls.js";
import { labelOf, type WorkerSpec } from "./worker-entries.js";
import type { WorkerLink } from "./worker-link.js";

/** What one incarnation of a worker is doing. */
export type IncarnationState = "starting" | "ready" | "busy" | "draining" | "dead";

/** What the owner of a worker is told. */
export interface WorkerHooks {
  /** Called after every change of state. */
  readonly onState: (worker: PoolWorker) => void;
  /** Called after every run that has completed. */
  readonly onRan: (worker: PoolWorker) => void;
}

/** The result of a run, and what it cost. */
export interface FinishedRun {
  readonly outputs: RunResult["outputs"];
  /** From the worker's previous completion, or the sending if it was idle, to this completion, ms. */
  readonly serviceMs: number;
}

/** Long enough to compile WASM or to get a device on a slow machine, once the script is there. */
const START_DEADLINE_MS = 60_000;
/** Long enough for anything that has to be loaded before the layers can be traced. */
const TRACE_DEADLINE_MS = 60_000;
/** A worker that has nothing else to do listens at once. */
const LISTEN_DEADLINE_MS = 10_000;
/** Each layer is loaded and run a few times, at worst in plain JavaScript. */
const TRACED_LAYER_DEADLINE_MS = 5_000;
/** A worker in the middle of a shard doesn't see `stop`; it is terminated anyway. */
const STOP_DEADLINE_MS = 1_000;
/** Loads and traces go before all attempts. */
const FIRST = Infinity;

/** Which state may follow which. Anything else is a defect in this code, never a fault of the machine. */
const NEXT_STATES: Readonly<Record<IncarnationState, readonly IncarnationState[]>> = {
  starting: ["ready", "draining", "dead"],
  ready: ["busy", "draining", "dead"],
  busy: ["ready", "draining", "dead"],
  draining: ["dead"],
  dead: [],
};

/** One incarnation of a worker and all calls to it, as an explicit state machine. Once dead, it stays dead. */
export class PoolWorker {
  /** The id of its slot. */
  readonly id: string;
  readonly spec: WorkerSpec;
  /** The latest thing that went wrong, in a shard or with the worker itself. */
  lastError: ShardError | undefined;
  /** The error that ended it; `undefined` while it lives, and if it was stopped on purpose. */
  deathError: ShardError | undefined;
  /** Why it ended; `undefined` while it lives, and if it was stopped on purpose. */
  deathCause: DeathCause | undefined;

  readonly #calls: WorkerCalls<WorkerApi>;
  readonly #hooks: WorkerHooks;
  readonly #models = new Set<ModelKey>();
  readonly #loadDeadline = new LoadDeadline();
  #report: WorkerReport | undefined;
  #state: IncarnationState = "starting";
  #runCount = 0;
  #finishedCount = 0;
  #readyAtMs: number | undefined;
  #heapBytes: number | undefined;
  #hasRefused = false;

  constructor(id: string, spec: WorkerSpec, link: WorkerLink<WorkerApi>, hooks: WorkerHooks) {
    this.id = id;
    this.spec = spec;
    this.#hooks = hooks;
    this.#calls = new WorkerCalls(link, {
      name: `worker "${id}"`,
      workerId: id,
      lostTo: (reason) => this.#lostTo(reason),
      onEnd: (error, cause) => this.kill(error, cause),
    });
  }

  get state(): IncarnationState {
    return this.#state;
  }

  /** Whether it takes more work. */
  get isReady(): boolean {
    return this.#state === "ready" || this.#state === "busy";
  }

  /** Whether the models it holds can still be used: it is ready or draining. */
  get isUsable(): boolean {
    return this.isReady || this.#state === "draining";
  }

  /** What the worker reported about itself; `undefined` until it has started. */
  get report(): WorkerReport | undefined {
    return this.#report;
  }

  /** Workers of one entry on one device are of one kind: what was measured on one holds for the others. */
  get kind(): string {
    return `${labelOf(this.spec)} ${this.#report?.device ?? ""}`;
  }

  /** How long ago it became ready, ms; `undefined` if it never did. */
  get readyMs(): number | undefined {
    return this.#readyAtMs === undefined ? undefined : performance.now() - this.#readyAtMs;
  }

  /** How many runs it has completed. */
  get finishedCount(): number {
    return this.#finishedCount;
  }

  /** What its backend had reserved after the latest run, bytes; `undefined` if it did not say. */
  get heapBytes(): number | undefined {
    return this.#heapBytes;
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
    if (this.#state !== "starting") return;
    this.#readyAtMs = performance.now();
    this.#enter("ready");
  }

  /** End it because it can't be used, unless it has ended already. */
  refuse(error: ShardError): void {
    this.#hasRefused = this.#state !== "dead";
    this.kill(error);
  }

  /**
   * Load a model or a stage beside what the worker holds.
   * @param alike what is known of how long workers like this one take: it may tell sooner that this one hangs.
   * @throws ShardError "model-malformed", "model-unsupported", "worker-lost", "worker-timeout"
   */
  async load(modelKey: ModelKey, model: WireModel, alike?: LoadDeadline): Promise<void> {
    const bytes = expandedBytes(model);
    let sentAtMs = 0;
    const load = (api: WorkerApi): Promise<Reply<undefined>> => {
      sentAtMs = performance.now();
      return api.load(modelKey, model);
    };
    try {
      await this.requireListening();
      const deadlineMs = (): number => Math.min(this.#loadDeadline.ms(bytes), alike?.ms(bytes) ?? Infinity);
      await this.#calls.call("load a model", deadlineMs, load, FIRST);
    } catch (thrown) {
      this.#endIfLost(thrown as ShardError);
      throw thrown;
    }
    const tookMs = performance.now() - sentAtMs;
    for (const deadline of [this.#loadDeadline, alike]) deadline?.took(tookMs, bytes);
    this.#models.add(modelKey);
  }

  /**
   * One that has been idle may hang without anybody having noticed, and what follows may take long: see whether it listens.
   * @throws ShardError "worker-lost", "worker-timeout"
   */
  async requireListening(): Promise<void> {
    if (this.isUsable) await this.#calls.call("listen", LISTEN_DEADLINE_MS, (api) => api.cancel([]), ASIDE);
  }

  /** Dispose of a model or a stage. Never rejects: a dead worker holds nothing. */
  async unload(modelKey: ModelKey): Promise<void> {
    this.#models.delete(modelKey);
    await this.#calls.call("unload a model", LISTEN_DEADLINE_MS, (api) => api.unload(modelKey), FIRST).catch(() => {});
  }

  holds(modelKey: ModelKey): boolean {
    return this.#models.has(modelKey);
  }

  /**
   * Run some items. The inputs' buffers are transferred to the worker; those in shared memory stay usable on the page.
   * @param deadlineMs counted while the worker is on this run, and called again at every check.
   * @param watch reports when the worker turns to it, and when it is overdue.
   * @throws ShardError "model-failed", "model-unsupported", "aborted", "worker-lost", "worker-timeout"
   */
  async run(request: RunRequest, deadlineMs: () => number, watch?: CallWatch): Promise<FinishedRun> {
    const sent = handOver(request, buffersOf(request.inputs));
    let sentAtMs = 0;
    const { outputs, timing, heapBytes } = await this.#attempt(
      this.#calls.call(
        "answer a shard",
        deadlineMs,
        async (api) => {
          sentAtMs = performance.now();
          return this.#endIfBroken(await api.run(sent));
        },
        request.priority,
        watch,
      ),
    );
    const serviceMs = serviceMsOf(timing, performance.now() - sentAtMs);
    this.#finishedCount++;
    this.#heapBytes = heapBytes;
    this.#hooks.onRan(this);
    return { outputs, serviceMs };
  }

  /**
   * Measure layer after layer.
   * @param limitMs as `deadlineMs` in `run`, where more is known than the number of layers.
   * @throws ShardError as `run`
   */
  async trace(request: TraceRequest, limitMs: () => number = () => Infinity): Promise<TraceResult> {
    await this.requireListening();
    const longestMs = TRACE_DEADLINE_MS + request.layers.length * TRACED_LAYER_DEADLINE_MS;
    const deadlineMs = (): number => Math.min(longestMs, limitMs());
    return this.#attempt(this.#calls.call("trace the model", deadlineMs, (api) => api.trace(request), FIRST));
  }

  async #attempt<T>(settled: Promise<T>): Promise<T> {
    this.#runCount++;
    if (this.#state === "ready") this.#enter("busy");
    try {
      return await settled;
    } catch (thrown) {
      const error = thrown as ShardError;
      this.#endIfLost(error);
      // A cancelled attempt isn't the worker's fault.
      if (error.code !== "aborted") this.lastError = error;
      throw error;
    } finally {
      this.#runCount--;
      if (this.#state === "busy" && this.#runCount === 0) this.#enter("ready");
    }
  }

  /**
   * The answer to a run may show that the worker has trapped, or that its device is lost: it ends before it turns to anything else, so
   * that nobody takes that for what it was on.
   */
  #endIfBroken<T>(reply: Reply<T>): Reply<T> {
    if (reply.ok) return reply;
    const error = fromErrorRecord(reply.error, this.id);
    if (reply.error.notice === "trapped") this.kill(error, "trapped");
    else this.#endIfLost(error);
    return reply;
  }

  /** It may answer that it is lost before it says so on its own: what it lost then is its device. */
  #endIfLost(error: ShardError): void {
    if (error.code === "worker-lost") this.kill(error, "device-lost");
  }

  /** Cancel attempts whose results are no longer wanted: queued ones end at once with "aborted". */
  cancel(attemptIds: readonly string[]): void {
    if (this.#state === "dead") return;
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
    if (NEXT_STATES[this.#state].includes("draining")) this.#enter("draining");
  }

  /** Resolves once no call is under way. Never rejects. */
  whenIdle(): Promise<void> {
    return this.#calls.whenIdle();
  }

  /** Release the models and the device, then end the worker. Never rejects. */
  async stop(): Promise<void> {
    if (this.#state === "dead") return;
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
    if (this.#state === "dead") return;
    if (error.code !== "disposed") {
      this.lastError = error;
      this.deathError = error;
      // What a worker notices first, in the middle of a call, is that its GPU is gone; on WebGL that is called a context.
      this.deathCause = cause === "device-lost" && this.spec.backend === "webgl" ? "context-lost" : cause;
    }
    this.#calls.end(error);
    this.#enter("dead");
  }

  #lostTo(reason: string): ShardError {
    return new ShardError(
      this.#state === "starting" ? "backend-unavailable" : "worker-lost",
      `Expected worker "${this.id}" (${this.spec.backend}) to keep running, but it was lost (${reason}): its work goes to the others; add another worker if it was the last one.`,
      { workerId: this.id },
    );
  }

  #enter(state: IncarnationState): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new ShardError("internal", `Worker "${this.id}" can't go from "${this.#state}" to "${state}".`);
    }
    this.#state = state;
    this.#hooks.onState(this);
  }
}
