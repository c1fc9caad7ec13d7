import { ShardError } from "../core/errors.js";
import { abortError, throwIfAborted } from "../protocol/abort.js";
import type { ModelReaderApi, ReadRequest, ReadResult } from "../protocol/reader-api.js";
import { WorkerCalls } from "./worker-calls.js";
import type { WorkerLink } from "./worker-link.js";

/** Starting includes the download of the worker's script. */
const START_DEADLINE_MS = 60_000;
/** A step takes a part of a second, unless the file makes the reader loop. */
const STEP_DEADLINE_MS = 4_000;

/** Reads files that need more than a glance (zip, HDF5) in a worker of its own, which starts with the first of them. */
export class ModelReader {
  readonly #open: () => WorkerLink<ModelReaderApi<Blob>>;
  readonly #signal: AbortSignal | undefined;
  #calls: WorkerCalls<ModelReaderApi<Blob>> | undefined;
  /** Whether the worker's script has been loaded; a loss after that is the file's fault. */
  #hasStarted = false;

  /** @param signal ends the worker, in the middle of a file too. */
  constructor(open: () => WorkerLink<ModelReaderApi<Blob>>, signal: AbortSignal | undefined) {
    this.#open = open;
    this.#signal = signal;
  }

  /**
   * @throws ShardError "model-malformed" (also if the file makes the worker hang or crash), "model-unsupported", "out-of-memory",
   *         "backend-unavailable", "aborted"
   */
  async read(request: ReadRequest<Blob>): Promise<ReadResult<Blob>> {
    throwIfAborted(this.#signal);
    this.#calls ??= this.#start(request.name);
    const calls = this.#calls;
    await calls.call("open the file", START_DEADLINE_MS, (api) => api.begin(request));
    this.#hasStarted = true;
    try {
      for (;;) {
        const step = await calls.call("read the file", STEP_DEADLINE_MS, (api) => api.step());
        if (step.kind !== "busy") return step;
      }
    } catch (thrown) {
      if (thrown instanceof ShardError && thrown.code === "worker-timeout") throw hung(request.name, thrown);
      throw thrown;
    }
  }

  close(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#calls?.end(new ShardError("disposed", "The reader of model files was closed."));
  }

  readonly #onAbort = (): void => this.#calls?.end(abortError(this.#signal!));

  #start(name: string): WorkerCalls<ModelReaderApi<Blob>> {
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    return new WorkerCalls(this.#open(), {
      name: "the reader of model files",
      lostTo: (reason) => (this.#hasStarted ? lost(name, reason) : notStarted(reason)),
      onEnd: () => (this.#calls = undefined),
    });
  }
}

function lost(name: string, reason: string): ShardError {
  return new ShardError(
    "model-malformed",
    `Expected to read "${name.slice(-80)}", but the worker that reads it was lost (${reason}), received nothing: the file is damaged or needs more memory than there is; save it again.`,
  );
}

function notStarted(reason: string): ShardError {
  return new ShardError(
    "backend-unavailable",
    `Expected the worker that reads model files to start, received a failure (${reason}): check that the page may load all scripts of the build.`,
  );
}

function hung(name: string, cause: unknown): ShardError {
  return new ShardError(
    "model-malformed",
    `Expected to read "${name.slice(-80)}", received no progress for ${STEP_DEADLINE_MS / 1e3} s: the file is damaged; save or download it again.`,
    { cause },
  );
}
