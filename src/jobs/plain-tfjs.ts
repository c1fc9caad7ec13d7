import { ShardError } from "../core/errors.js";
import { openPlainWorker } from "../pool/open-plain.js";
import { handOver, WorkerCalls } from "../pool/worker-calls.js";
import type { PlainApi, PlainBackend, PlainDevice, PlainValues } from "../protocol/plain-api.js";
import { transferablesOf, type InputTensor } from "../protocol/tensors.js";

export interface PlainOptions {
  /**
   * As TF.js takes it: the address of a model.json (relative to the page) or of the folder that it is in, `"indexeddb://NAME"`, or
   * model.json together with its weight files.
   */
  readonly model: string | readonly File[];
  /** As `sharder.model.format` says. */
  readonly format: "graph-model" | "layers-model";
  readonly backend: PlainBackend;
  /** Whether a GPU that is really a program on the CPU will do. Default true. */
  readonly acceptsSoftware?: boolean;
}

export interface PlainRunOptions {
  /** The items of one call of `predict`, whole, ≥ 1. */
  readonly itemsPerCall: number;
  /** Ends the worker, and with it the call under way. */
  readonly signal?: AbortSignal | undefined;
}

/** Compiling shaders and loading weights on a slow machine, ms. */
const LOAD_DEADLINE_MS = 120_000;
const RUN_DEADLINE_MS = 300_000;
/** Files that this library opens, and TF.js does not. */
const NOT_FOR_TFJS = /\.(keras|h5|hdf5|zip|onnx|tflite)$/i;

/**
 * TF.js as its users call it today, in a worker of its own: load, then `predict` and `data()`, on one backend. To compare with; nothing
 * of this library runs there.
 */
export class PlainTfjs {
  readonly device: PlainDevice;
  readonly #calls: WorkerCalls<PlainApi<File>>;

  private constructor(calls: WorkerCalls<PlainApi<File>>, device: PlainDevice) {
    this.#calls = calls;
    this.device = device;
  }

  /**
   * @throws ShardError "model-unsupported" where TF.js can't load the model, "backend-unavailable", "worker-lost", "worker-timeout",
   *         "aborted"
   */
  static async open(
    { model, format, backend, acceptsSoftware = true }: PlainOptions,
    signal?: AbortSignal,
  ): Promise<PlainTfjs> {
    const request = {
      backend,
      format,
      acceptsSoftware,
      model: typeof model === "string" ? addressFor(model) : checkFiles(model),
    };
    const calls = new WorkerCalls<PlainApi<File>>(openPlainWorker(), {
      name: "plain TF.js",
      lostTo: (reason) =>
        new ShardError(
          "worker-lost",
          `Expected the worker of plain TF.js to keep running, but it was lost (${reason}).`,
        ),
      onEnd: () => {},
    });
    try {
      const device = await untilAborted(calls, signal, () =>
        calls.call("load the model", LOAD_DEADLINE_MS, (api) => api.load(request)),
      );
      return new PlainTfjs(calls, device);
    } catch (thrown) {
      calls.end(ended());
      throw thrown;
    }
  }

  /**
   * Run a batch.
   * @param inputs tensors by input name; those with `itemCount` rows are cut into calls. The buffers stay the caller's.
   * @returns the outputs of all calls, in order.
   * @throws ShardError "model-failed", "out-of-memory", "worker-lost", "worker-timeout", "aborted"
   */
  run(
    inputs: Readonly<Record<string, InputTensor>>,
    itemCount: number,
    { itemsPerCall, signal }: PlainRunOptions,
  ): Promise<PlainValues[]> {
    // Copied, and the copy handed over: a caller of `sharder.predict` keeps the buffers as well.
    const copies = structuredClone(inputs);
    const request = handOver({ inputs: copies, itemCount, itemsPerCall }, transferablesOf(Object.values(copies)));
    return untilAborted(this.#calls, signal, () =>
      this.#calls.call("run the model", RUN_DEADLINE_MS, (api) => api.run(request)),
    );
  }

  /** End the worker. */
  dispose(): void {
    this.#calls.end(ended());
  }
}

/** TF.js can't stop a call, so the worker ends. */
async function untilAborted<T>(
  calls: WorkerCalls<PlainApi<File>>,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  const onAbort = (): void => calls.end(new ShardError("aborted", "The measurement was cancelled."));
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await run();
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

function addressFor(model: string): string {
  if (model.startsWith("indexeddb://")) return model;
  const url = new URL(model, document.baseURI);
  if (NOT_FOR_TFJS.test(url.pathname)) throw notForTfjs(model);
  if (!url.pathname.endsWith(".json")) url.pathname = `${url.pathname.replace(/\/$/, "")}/model.json`;
  return url.href;
}

function checkFiles(files: readonly File[]): readonly File[] {
  const other = files.find(({ name }) => NOT_FOR_TFJS.test(name));
  if (other !== undefined) throw notForTfjs(other.name);
  return files;
}

function notForTfjs(name: string): ShardError {
  return new ShardError(
    "model-unsupported",
    `Expected a model.json with its weight files, received "${name}", which TF.js by itself can't open: convert it to compare with plain TF.js.`,
  );
}

function ended(): ShardError {
  return new ShardError("disposed", "The worker of plain TF.js was ended.");
}
