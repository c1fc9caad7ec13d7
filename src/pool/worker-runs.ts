import type { DeathCause } from "../core/death-cause.js";
import type { ShardError } from "../core/errors.js";
import { fromErrorRecord, type Reply } from "../protocol/error-record.js";
import { buffersOf } from "../protocol/run-inputs.js";
import type { RunRequest, RunResult, TraceRequest, TraceResult, WorkerApi } from "../protocol/worker-api.js";
import type { CallWatch } from "./call-table.js";
import { serviceMsOf } from "./service-time.js";
import { handOver, type WorkerCalls } from "./worker-calls.js";
import type { WorkerLife } from "./worker-life.js";

/** The result of a run, and what it cost. */
export interface FinishedRun {
  readonly outputs: RunResult["outputs"];
  /** From the worker's previous completion, or the sending if it was idle, to this completion, ms. */
  readonly serviceMs: number;
  /** As in `RunResult`. */
  readonly callItemCount: number | undefined;
  /** Buffers that came back, if the request asked for them. */
  readonly spare: readonly ArrayBuffer[];
}

/** Long enough for anything that has to be loaded before the layers can be traced. */
const TRACE_DEADLINE_MS = 60_000;
/** Each layer is loaded and run a few times, at worst in plain JavaScript. */
const TRACED_LAYER_DEADLINE_MS = 5_000;
/** Traces go before all attempts. */
const FIRST = Infinity;

interface RunParts {
  readonly workerId: string;
  readonly calls: WorkerCalls<WorkerApi>;
  readonly life: WorkerLife;
  /** End the worker now. */
  readonly kill: (error: ShardError, cause: DeathCause) => void;
  /** Called after every run that has completed. */
  readonly onRan: () => void;
}

/** What one worker computes: runs of models, and traces. It is busy meanwhile, and an answer may show that it has to end. */
export class WorkerRuns {
  readonly #parts: RunParts;
  #finishedCount = 0;
  #heapBytes: number | undefined;

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  /** How many runs have completed. */
  get finishedCount(): number {
    return this.#finishedCount;
  }

  /** What the backend had reserved after the latest run, bytes; `undefined` if it did not say. */
  get heapBytes(): number | undefined {
    return this.#heapBytes;
  }

  /**
   * Run some items. The inputs' buffers are transferred to the worker; those in shared memory stay usable on the page.
   * @param deadlineMs counted while the worker is on this run, and called again at every check.
   * @param watch reports when the worker turns to it, and when it is overdue.
   * @throws ShardError "model-failed", "model-unsupported", "aborted", "worker-lost", "worker-timeout"
   */
  async run(request: RunRequest, deadlineMs: () => number, watch?: CallWatch): Promise<FinishedRun> {
    const { calls, onRan } = this.#parts;
    const sent = handOver(request, [...buffersOf(request.inputs), ...(request.spare ?? [])]);
    let sentAtMs = 0;
    const {
      outputs,
      timing,
      heapBytes,
      callItemCount,
      spare = [],
    } = await this.#attempt(
      calls.call(
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
    onRan();
    return { outputs, serviceMs, callItemCount, spare };
  }

  /**
   * Measure layer after layer.
   * @param limitMs as `deadlineMs` in `run`, where more is known than the number of layers.
   * @throws ShardError as `run`
   */
  trace(request: TraceRequest, limitMs: () => number): Promise<TraceResult> {
    const longestMs = TRACE_DEADLINE_MS + request.layers.length * TRACED_LAYER_DEADLINE_MS;
    const deadlineMs = (): number => Math.min(longestMs, limitMs());
    return this.#attempt(this.#parts.calls.call("trace the model", deadlineMs, (api) => api.trace(request), FIRST));
  }

  async #attempt<T>(settled: Promise<T>): Promise<T> {
    const { life } = this.#parts;
    life.runBegun();
    try {
      return await settled;
    } catch (thrown) {
      const error = thrown as ShardError;
      this.endIfLost(error);
      // A cancelled attempt isn't the worker's fault.
      if (error.code !== "aborted") life.lastError = error;
      throw error;
    } finally {
      life.runEnded();
    }
  }

  /**
   * The answer to a run may show that the worker has trapped, or that its device is lost: it ends before it turns to anything else, so
   * that nobody takes that for what it was on.
   */
  #endIfBroken<T>(reply: Reply<T>): Reply<T> {
    if (reply.ok) return reply;
    const error = fromErrorRecord(reply.error, this.#parts.workerId);
    const { notice } = reply.error;
    if (notice === "trapped" || notice === "server-lost") this.#parts.kill(error, notice);
    else this.endIfLost(error);
    return reply;
  }

  /** The worker may answer that it is lost before it says so on its own: what it lost then is its device. */
  endIfLost(error: ShardError): void {
    if (error.code === "worker-lost") this.#parts.kill(error, "device-lost");
  }
}
