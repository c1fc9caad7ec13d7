import { releaseProxy, transfer, wrap, type Remote } from "comlink";
import { ShardError } from "../core/errors.js";
import { fromErrorRecord, messageOf, type Reply } from "../protocol/error-record.js";
import type { WireModel } from "../protocol/model-on-wire.js";
import { transferablesOf, type BackendName } from "../protocol/tensors.js";
import {
  isWorkerNotice,
  type ModelKey,
  type PowerPreference,
  type RunRequest,
  type RunResult,
  type StageRequest,
  type StageResult,
  type TraceRequest,
  type TraceResult,
  type WorkerApi,
  type WorkerMemory,
  type WorkerReport,
} from "../protocol/worker-api.js";
import { CallTable } from "./call-table.js";
import { Lifeline } from "./lifeline.js";
import { spawnWorker } from "./spawn-worker.js";

export type WorkerState = "starting" | "ready" | "busy" | "draining" | "restarting" | "quarantined" | "dead";

export interface WorkerSpec {
  readonly backend: BackendName;
  /** WebGPU only. Default "high-performance". */
  readonly powerPreference?: PowerPreference;
}

/** Loading the script, compiling WASM and parsing a large model on a slow machine. */
const START_DEADLINE_MS = 120_000;
/** Each layer is loaded and run a few times, in plain JavaScript at worst. */
const TRACED_LAYER_DEADLINE_MS = 5_000;
/** A worker in the middle of a shard does not hear `stop`; it is terminated anyway. */
const STOP_DEADLINE_MS = 1_000;

/** Which state may follow which. Anything else is a defect here, never a fault of the machine. */
const NEXT_STATES: Readonly<Record<WorkerState, readonly WorkerState[]>> = {
  starting: ["ready", "draining", "dead"],
  ready: ["busy", "draining", "dead"],
  busy: ["ready", "draining", "dead"],
  draining: ["dead"],
  restarting: ["starting", "dead"],
  quarantined: ["restarting", "dead"],
  dead: [],
};

/** One Worker and all calls to it, as an explicit state machine. Every call settles, whatever the worker does. */
export class PoolWorker {
  readonly id: string;
  readonly spec: WorkerSpec;
  /** Called after every change of state. */
  onStateChange: (() => void) | undefined;
  report: WorkerReport | undefined;
  /** The latest thing that went wrong, in a shard or with the worker itself. */
  lastError: ShardError | undefined;
  /** What it died of; `undefined` while it lives, and where it was stopped on purpose. */
  deathError: ShardError | undefined;

  readonly #worker: Worker;
  readonly #api: Remote<WorkerApi>;
  readonly #calls: CallTable;
  readonly #lifeline = new Lifeline();
  readonly #models = new Set<ModelKey>();
  #state: WorkerState = "starting";
  #runCount = 0;

  /** @throws ShardError "backend-unavailable" where the browser refuses to start the script (another origin, CSP). */
  constructor(id: string, spec: WorkerSpec) {
    this.id = id;
    this.spec = spec;
    this.#calls = new CallTable(id, (error) => this.kill(error));
    try {
      this.#worker = spawnWorker(spec.backend, id);
    } catch (cause) {
      throw new ShardError(
        "backend-unavailable",
        `Expected the browser to start the worker script for "${spec.backend}", it refused (${messageOf(cause)}): serve the scripts from the page's own origin.`,
        { workerId: id, cause },
      );
    }
    this.#api = wrap<WorkerApi>(this.#worker);
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#lose(event.message || "its script could not be loaded");
    });
    this.#worker.addEventListener("messageerror", () => this.#lose("a message could not be read"));
    this.#worker.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (isWorkerNotice(data)) this.#lose(data.message);
    });
  }

  get state(): WorkerState {
    return this.#state;
  }

  /**
   * Start the backend and load what it is to begin with.
   * @param accept may refuse a backend, once it has told what it has, by throwing a ShardError.
   * @throws ShardError "backend-unavailable", "model-malformed", "worker-lost", "worker-timeout";
   *         the worker is dead then.
   */
  async start(
    models: Readonly<Record<ModelKey, WireModel>>,
    accept: (report: WorkerReport) => void = () => {},
  ): Promise<WorkerReport> {
    const { backend, powerPreference } = this.spec;
    const config = { backend, workerId: this.id, powerPreference, lifeline: this.#lifeline.name };
    try {
      const reply = await this.#calls.race<Reply<WorkerReport>>("start", START_DEADLINE_MS, async () =>
        this.#api.start(config),
      );
      if (!reply.ok) throw fromErrorRecord(reply.error, this.id);
      if (reply.value.holdsLifeline) this.#lifeline.watch(() => this.#lose("it ended without a word"));
      this.report = reply.value;
      accept(reply.value);
      for (const [modelKey, model] of Object.entries(models)) await this.load(modelKey, model);
      if (this.#state === "starting") this.#enter("ready");
      return reply.value;
    } catch (thrown) {
      this.kill(thrown as ShardError);
      throw thrown;
    }
  }

  /**
   * Load a model or a stage beside what the worker holds.
   * @throws ShardError "model-malformed", "worker-lost", "worker-timeout"
   */
  async load(modelKey: ModelKey, model: WireModel): Promise<void> {
    const reply = await this.#calls.race<Reply<undefined>>("load a model", START_DEADLINE_MS, async () =>
      this.#api.load(modelKey, model),
    );
    if (!reply.ok) throw fromErrorRecord(reply.error, this.id);
    this.#models.add(modelKey);
  }

  /** Dispose of a model or a stage. Never rejects: a dead worker holds nothing. */
  async unload(modelKey: ModelKey): Promise<void> {
    this.#models.delete(modelKey);
    await this.#calls
      .race<Reply<undefined>>("unload a model", START_DEADLINE_MS, async () => this.#api.unload(modelKey))
      .catch(() => {});
  }

  holds(modelKey: ModelKey): boolean {
    return this.#models.has(modelKey);
  }

  /**
   * Run one shard. The inputs' buffers are handed over to the worker.
   * @param deadlineMs counted while the worker is on this shard, and asked anew meanwhile.
   * @throws ShardError "model-failed", "model-unsupported", "aborted", "worker-lost", "worker-timeout"
   */
  run(request: Omit<RunRequest, "sentAtEpochMs">, deadlineMs: () => number): Promise<RunResult> {
    const sent = { ...request, sentAtEpochMs: epochMs() };
    const buffers = transferablesOf(Object.values(request.inputs));
    return this.#attempt("answer a shard", deadlineMs, async () => this.#api.run(transfer(sent, buffers)));
  }

  /** Run one micro-batch through one stage; otherwise as `run`. Buffers in shared memory stay with the page. */
  runStage(request: Omit<StageRequest, "sentAtEpochMs">, deadlineMs: number): Promise<StageResult> {
    const sent = { ...request, sentAtEpochMs: epochMs() };
    const buffers = transferablesOf(request.calls.flatMap((call) => Object.values(call)));
    return this.#attempt("answer a micro-batch", deadlineMs, async () => this.#api.runStage(transfer(sent, buffers)));
  }

  /** Measure layer after layer. @throws ShardError as `run` */
  trace(request: Omit<TraceRequest, "sentAtEpochMs">): Promise<TraceResult> {
    const sent = { ...request, sentAtEpochMs: epochMs() };
    const deadlineMs = START_DEADLINE_MS + request.layers.length * TRACED_LAYER_DEADLINE_MS;
    return this.#attempt("trace the model", deadlineMs, async () => this.#api.trace(sent));
  }

  async #attempt<T>(what: string, deadlineMs: number | (() => number), call: () => Promise<Reply<T>>): Promise<T> {
    const settled = this.#calls.race(what, deadlineMs, call);
    this.#runCount++;
    if (this.#state === "ready") this.#enter("busy");
    try {
      const reply = await settled;
      if (reply.ok) return reply.value;
      const error = fromErrorRecord(reply.error, this.id);
      if (error.code === "worker-lost") this.kill(error);
      throw error;
    } catch (thrown) {
      // An attempt that was called back is no fault of the worker's.
      if ((thrown as ShardError).code !== "aborted") this.lastError = thrown as ShardError;
      throw thrown;
    } finally {
      this.#runCount--;
      if (this.#state === "busy" && this.#runCount === 0) this.#enter("ready");
    }
  }

  /** The results are not wanted any more: queued attempts end at once with "aborted". */
  cancel(attemptIds: readonly string[]): void {
    if (this.#state !== "dead") void this.#api.cancel(attemptIds);
  }

  /** @throws ShardError "worker-lost", "worker-timeout" */
  memory(): Promise<WorkerMemory> {
    return this.#calls.race("report its memory", START_DEADLINE_MS, () => this.#api.memory());
  }

  /** Every shard takes `factor` times as long from now on; for tests and demonstrations. */
  slow(factor: number): Promise<void> {
    return this.#calls.race("slow down", START_DEADLINE_MS, () => this.#api.slow(factor));
  }

  /** No more shards; those under way finish. */
  drain(): void {
    if (NEXT_STATES[this.#state].includes("draining")) this.#enter("draining");
  }

  /** Resolves once no call is under way. Never rejects. */
  async whenIdle(): Promise<void> {
    await this.#calls.whenEmpty();
  }

  /** Release model and device, then end the worker. Never rejects. */
  async stop(): Promise<void> {
    if (this.#state === "dead") return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_DEADLINE_MS)));
    // A release that fails is no reason to let the worker live.
    await Promise.race([this.#api.stop().catch(() => {}), deadline]);
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
    this.#lifeline.unwatch();
    this.#worker.terminate();
    this.#api[releaseProxy]();
    this.#calls.rejectAll(error);
    this.#enter("dead");
  }

  #lose(reason: string): void {
    this.kill(
      new ShardError(
        this.#state === "starting" ? "backend-unavailable" : "worker-lost",
        `Expected worker "${this.id}" (${this.spec.backend}) to keep running, it was lost (${reason.replace(/\.$/, "")}): its work goes to the others; add another worker if it was the last.`,
        { workerId: this.id },
      ),
    );
  }

  #enter(state: WorkerState): void {
    if (!NEXT_STATES[this.#state].includes(state)) {
      throw new ShardError("internal", `Worker "${this.id}" can't go from "${this.#state}" to "${state}".`);
    }
    this.#state = state;
    this.onStateChange?.();
  }
}

/** On the clock that the page shares with its workers. */
function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
