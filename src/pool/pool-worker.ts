import { ShardError } from "../core/errors.js";
import type { WireModel } from "../protocol/model-on-wire.js";
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
import { ASIDE } from "./call-table.js";
import { handOver, WorkerCalls } from "./worker-calls.js";
import type { WorkerSpec } from "./worker-entries.js";
import type { WorkerLink } from "./worker-link.js";

/** What one incarnation of a worker is doing. */
export type IncarnationState = "starting" | "ready" | "busy" | "draining" | "dead";

/** A run that has come back. */
export interface FinishedRun {
  readonly outputs: RunResult["outputs"];
  /** From the worker's previous completion, or the sending if it was idle, to this completion, ms. */
  readonly serviceMs: number;
}

/** Loading the script, compiling WASM and parsing a large model on a slow machine. */
const START_DEADLINE_MS = 120_000;
/** Each layer is loaded and run a few times, in plain JavaScript at worst. */
const TRACED_LAYER_DEADLINE_MS = 5_000;
/** A worker in the middle of a shard does not hear `stop`; it is terminated anyway. */
const STOP_DEADLINE_MS = 1_000;
/** Loads and traces go before all attempts. */
const FIRST = Infinity;

/** Which state may follow which. Anything else is a defect here, never a fault of the machine. */
const NEXT_STATES: Readonly<Record<IncarnationState, readonly IncarnationState[]>> = {
  starting: ["ready", "draining", "dead"],
  ready: ["busy", "draining", "dead"],
  busy: ["ready", "draining", "dead"],
  draining: ["dead"],
  dead: [],
};

/** One incarnation of a worker and all calls to it, as an explicit state machine. It never comes back to life. */
export class PoolWorker {
  /** Of its slot. */
  readonly id: string;
  readonly spec: WorkerSpec;
  /** The latest thing that went wrong, in a shard or with the worker itself. */
  lastError: ShardError | undefined;
  /** What it died of; `undefined` while it lives, and where it was stopped on purpose. */
  deathError: ShardError | undefined;

  readonly #calls: WorkerCalls<WorkerApi>;
  readonly #onStateChange: (worker: PoolWorker) => void;
  readonly #models = new Set<ModelKey>();
  #report: WorkerReport | undefined;
  #state: IncarnationState = "starting";
  #runCount = 0;

  /** @param onStateChange called after every change of state. */
  constructor(id: string, spec: WorkerSpec, link: WorkerLink<WorkerApi>, onStateChange: (worker: PoolWorker) => void) {
    this.id = id;
    this.spec = spec;
    this.#onStateChange = onStateChange;
    this.#calls = new WorkerCalls(link, {
      name: id,
      workerId: id,
      lostTo: (reason) => this.#lostTo(reason),
      onEnd: (error) => this.kill(error),
    });
  }

  get state(): IncarnationState {
    return this.#state;
  }

  /** Whether it can be given more to do. */
  get isReady(): boolean {
    return this.#state === "ready" || this.#state === "busy";
  }

  /** Whether what it holds can still be used: it is ready, or on its way out. */
  get isUsable(): boolean {
    return this.isReady || this.#state === "draining";
  }

  /** What it turned out to be; `undefined` until it has started. */
  get report(): WorkerReport | undefined {
    return this.#report;
  }

  /** Workers of one entry on one device are of one kind: what was measured of one holds for the others. */
  get kind(): string {
    return `${this.spec.backend} ${this.#report?.device ?? ""}`;
  }

  get wantsPowersOfTwo(): boolean {
    return this.#report?.wantsPowersOfTwo === true;
  }

  /**
   * Start the engine.
   * @throws ShardError "backend-unavailable", "worker-lost", "worker-timeout"; the worker is dead then.
   */
  async start(): Promise<WorkerReport> {
    const { powerPreference } = this.spec;
    try {
      this.#report = await this.#calls.call("start", START_DEADLINE_MS, (api) =>
        api.start({ workerId: this.id, powerPreference }),
      );
      return this.#report;
    } catch (thrown) {
      this.kill(thrown as ShardError);
      throw thrown;
    }
  }

  /** It has all that it needs to be given work, unless it is on its way out already. */
  becomeReady(): void {
    if (this.#state === "starting") this.#enter("ready");
  }

  /**
   * Load a model or a stage beside what the worker holds.
   * @throws ShardError "model-malformed", "model-unsupported", "worker-lost", "worker-timeout"
   */
  async load(modelKey: ModelKey, model: WireModel): Promise<void> {
    await this.#calls.call("load a model", START_DEADLINE_MS, (api) => api.load(modelKey, model), FIRST);
    this.#models.add(modelKey);
  }

  /** Dispose of a model or a stage. Never rejects: a dead worker holds nothing. */
  async unload(modelKey: ModelKey): Promise<void> {
    this.#models.delete(modelKey);
    await this.#calls.call("unload a model", START_DEADLINE_MS, (api) => api.unload(modelKey), FIRST).catch(() => {});
  }

  holds(modelKey: ModelKey): boolean {
    return this.#models.has(modelKey);
  }

  /**
   * Run some items. The inputs' buffers are handed over to the worker; those in shared memory stay with the page, too.
   * @param deadlineMs counted while the worker is on it, and asked again meanwhile.
   * @throws ShardError "model-failed", "model-unsupported", "aborted", "worker-lost", "worker-timeout"
   */
  async run(request: RunRequest, deadlineMs: () => number): Promise<FinishedRun> {
    const sent = handOver(request, buffersOf(request.inputs));
    let sentAtMs = 0;
    const { outputs, timing } = await this.#attempt(
      this.#calls.call(
        "answer a shard",
        deadlineMs,
        (api) => {
          sentAtMs = performance.now();
          return api.run(sent);
        },
        request.priority,
      ),
    );
    return { outputs, serviceMs: serviceMs(timing, performance.now() - sentAtMs) };
  }

  /** Measure layer after layer. @throws ShardError as `run` */
  trace(request: TraceRequest): Promise<TraceResult> {
    const deadlineMs = START_DEADLINE_MS + request.layers.length * TRACED_LAYER_DEADLINE_MS;
    return this.#attempt(this.#calls.call("trace the model", deadlineMs, (api) => api.trace(request), FIRST));
  }

  async #attempt<T>(settled: Promise<T>): Promise<T> {
    this.#runCount++;
    if (this.#state === "ready") this.#enter("busy");
    try {
      return await settled;
    } catch (thrown) {
      const error = thrown as ShardError;
      if (error.code === "worker-lost") this.kill(error);
      // An attempt that was called back is no fault of the worker's.
      if (error.code !== "aborted") this.lastError = error;
      throw error;
    } finally {
      this.#runCount--;
      if (this.#state === "busy" && this.#runCount === 0) this.#enter("ready");
    }
  }

  /** The results are not wanted any more: queued attempts end at once with "aborted". */
  cancel(attemptIds: readonly string[]): void {
    if (this.#state === "dead") return;
    // A worker that is lost meanwhile has nothing left to cancel.
    this.#calls.call("cancel attempts", START_DEADLINE_MS, (api) => api.cancel(attemptIds), ASIDE).catch(() => {});
  }

  /** @throws ShardError "worker-lost", "worker-timeout" */
  memory(): Promise<WorkerMemory> {
    return this.#calls.call("report its memory", START_DEADLINE_MS, (api) => api.memory(), ASIDE);
  }

  /** Every attempt takes `factor` times as long from now on; for tests and demonstrations. */
  async slow(factor: number): Promise<void> {
    await this.#calls.call("slow down", START_DEADLINE_MS, (api) => api.slow(factor), ASIDE);
  }

  /** No more shards; those under way finish. */
  drain(): void {
    if (NEXT_STATES[this.#state].includes("draining")) this.#enter("draining");
  }

  /** Resolves once no call is under way. Never rejects. */
  whenIdle(): Promise<void> {
    return this.#calls.whenIdle();
  }

  /** Release model and device, then end the worker. Never rejects. */
  async stop(): Promise<void> {
    if (this.#state === "dead") return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_DEADLINE_MS)));
    // A release that fails is no reason to let the worker live.
    const released = this.#calls.call("stop", START_DEADLINE_MS, (api) => api.stop(), ASIDE).catch(() => {});
    await Promise.race([released, deadline]);
    clearTimeout(timer);
    this.kill(new ShardError("disposed", `Worker "${this.id}" was stopped.`, { workerId: this.id }));
  }

  /** End the worker now; its calls reject with `error`. */
  kill(error: ShardError): void {
    if (this.#state === "dead") return;
    if (error.code !== "disposed") {
      this.lastError = error;
      this.deathError = error;
    }
    this.#calls.end(error);
    this.#enter("dead");
  }

  #lostTo(reason: string): ShardError {
    return new ShardError(
      this.#state === "starting" ? "backend-unavailable" : "worker-lost",
      `Expected worker "${this.id}" (${this.spec.backend}) to keep running, it was lost (${reason.replace(/\.$/, "")}): its work goes to the others; add another worker if it was the last.`,
      { workerId: this.id },
    );
  }

  #enter(state: IncarnationState): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new ShardError("internal", `Worker "${this.id}" can't go from "${this.#state}" to "${state}".`);
    }
    this.#state = state;
    this.#onStateChange(this);
  }
}

/**
 * What an attempt cost its worker, ms: its own time, and the way to it and back as far as the worker had nothing else to do meanwhile.
 * A message that waited while a synchronous engine was busy arrives late, and finds a worker that has not been idle.
 *
 * @param tookMs from the sending to the answer, on the page's clock.
 */
function serviceMs({ idleMs, ranMs }: RunResult["timing"], tookMs: number): number {
  const linkMs = Math.max(0, tookMs - ranMs);
  return ranMs + Math.min(idleMs, linkMs);
}
