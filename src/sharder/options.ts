import type { Policy } from "../core/dispatch/types.js";
import type { ModelArtifacts } from "../model/artifacts.js";
import type { LoadNotice } from "../model/load/load-notice.js";
import type { RemoteModel } from "./check-remote.js";
import type { EngineName, WorkerSpec } from "../pool/worker-entries.js";

/** How far `createSharder` has come: first the model's bytes, then the workers that start. */
export interface LoadingProgress {
  readonly phase: "model" | "workers";
  readonly loadedBytes: number;
  /** `undefined` until model.json has been read. */
  readonly totalBytes: number | undefined;
  /** 0…1 within the phase. */
  readonly fraction: number;
}

/** What the caller knows about one input of the model. */
export interface InputOptions {
  /** Whether axis 0 is the batch. Default: if it is free, or fixed like that of the other inputs. */
  readonly batched?: boolean;
}

/** What happens about items that fail on every worker. */
export type OnItemError = "throw" | "report";

/** The options that `sharder.configure` changes later. */
export type SharderSettings = Pick<SharderOptions, "policy" | "quantumMs" | "verify" | "onItemError">;

export interface SharderOptions {
  /**
   * The address of a model.json, of its folder, or of a `.tflite`, `.onnx`, `.keras`, `.h5` or `.zip` file (relative to the page);
   * `"indexeddb://NAME"` for a model that TF.js's `model.save` stored; such a file, or files as a user dropped or chose them, model.json
   * together with its weight files, an `.onnx` file with those that hold its external data, in any order; the artifacts themselves, as
   * `tf.io` represents them; or the bytes of a `.tflite` file, or of an `.onnx` file without external data. `{ remote: address }` for a model that only a server has
   * (Open Inference Protocol v2): its metadata is the interface, and without `workers` that server is the only worker.
   */
  readonly model: string | URL | File | ArrayLike<File> | ModelArtifacts | Uint8Array | ArrayBuffer | RemoteModel;
  /**
   * "auto" (default): a WebGPU worker if there is a real GPU, and a WASM worker for every core. Of these, jobs use those that were measured
   * to be quickest together, in this visit or an earlier one; `sharder.workers` says why each is used or not.
   * A server is never part of that: nothing leaves the machine unless it is named, `{ backend: "remote", url }`.
   * Otherwise one entry per worker; those that can't start are left out and say why in `sharder.workers`. Those that take much longer than
   * the others join later. One that is lost is started again, on a plainer backend while its own is broken.
   */
  readonly workers?: "auto" | readonly WorkerSpec[];
  /**
   * The inference runtime of workers that name none. Default: "litert" for `.tflite` files, "onnx" for `.onnx` files and "tfjs" for all other
   * models. "auto", with `workers: "auto"`: TF.js models start on TF.js, and continue on LiteRT if that is worth its loading, gives the same
   * results within 1e-4 of the largest value, and is measured to be faster; later visits start with what was found. Other models run on the
   * engine of their format. `sharder.model.engines` says what was found.
   */
  readonly engine?: EngineName | "auto" | undefined;
  /**
   * With `workers: "auto"`, no more workers than this are started, whole, ≥ 1. Default: no limit. With `engine: "auto"` it holds for each
   * engine: while two are measured against each other, the workers of both are loaded, and those of one at work.
   */
  readonly maxWorkers?: number | undefined;
  /**
   * "batch": every worker holds the whole model and gets a share of the items. "layers": each holds a run of the model's layers, and
   * items flow through them. "auto" (default): whichever is predicted to be faster, under `maxWorkerBytes` and what backends can run.
   */
  readonly split?: "auto" | "batch" | "layers";
  /**
   * With `split: "layers"`: indices into `sharder.model.layers` of the layers that begin a stage, ascending, each from 1. Default:
   * planned from what each layer takes on each worker, and moved as throughput changes.
   */
  readonly cuts?: readonly number[] | undefined;
  /** How shares are sized. Default "makespan": the last worker finishes as early as possible. */
  readonly policy?: Policy;
  /** Fold and fuse operations, which changes results by rounding. With false, the model runs exactly as it came. Default true. */
  readonly optimize?: boolean;
  /** Target duration of one shard, ms, 1…60000. Smaller shards react sooner, larger ones cost less. Default 100. */
  readonly quantumMs?: number;
  /**
   * The fraction of each worker's shards, 0…1, that another worker recomputes; the results are compared. Default 0: only a few rows of
   * the first shards of every GPU worker, of one in sixteen later on, and of its last one in a job; and, on all workers, values that are
   * not finite where the model's first ones were. `false`: not even those. Results wait until a later one of their worker agreed. A
   * worker that is proven wrong is quarantined, and what it has computed since its last shard that agreed is computed again.
   */
  readonly verify?: number | false | undefined;
  /**
   * What happens once items have failed wherever they were tried and all other items are done. "throw" (default): the call rejects with
   * an error whose `itemErrors` names them. "report": the call resolves; the items' rows hold NaN (0 for integers and booleans, "" for
   * strings), and they are named in `fault` events and to `PredictOptions.onItemError`.
   */
  readonly onItemError?: OnItemError | undefined;
  /**
   * The longest that one item may take on a worker before anything is known of its speed, ms, from 1000 on. A worker that exceeds it is
   * ended. Default 120000.
   */
  readonly firstRunDeadlineMs?: number | undefined;
  /**
   * A worker whose WASM heap or GPU buffers have grown beyond this is replaced by a fresh one between two shards, bytes.
   * Default 1.5 GiB.
   */
  readonly maxWorkerHeapBytes?: number | undefined;
  /**
   * The most bytes of weights that one worker may hold in memory (with quantised weights expanded). A larger model is split by layers.
   * Default: no limit.
   */
  readonly maxWorkerBytes?: number | undefined;
  /**
   * What can't be seen from the shapes of the model's inputs, by name. `{ batched: false }`: axis 0 of this input is no batch, although it
   * is free, as in a waveform of any length; the input goes to every call as it is. If no input has a batch, each call is run whole.
   */
  readonly inputs?: Readonly<Record<string, InputOptions>> | undefined;
  /**
   * Of a `.tflite` file with several signatures, the key of the one to run; `sharder.model.userDefinedMetadata.signatures` lists them. Default:
   * "serving_default", or else the first.
   */
  readonly signature?: string | undefined;
  /** For models behind authentication: passed to every `fetch` from the host of model.json. */
  readonly requestInit?: RequestInit | undefined;
  /**
   * Where the weight files are if they are not beside model.json: put before each path of the manifest, as in TF.js's `LoadOptions`.
   * Relative to the page. Paths that are complete addresses stay unchanged.
   */
  readonly weightPathPrefix?: string | undefined;
  /** Makes the address of each weight file from its path in the manifest, as in TF.js's `LoadOptions`; used instead of the prefix. */
  readonly weightUrlConverter?: ((path: string) => string | Promise<string>) | undefined;
  /**
   * Keep a model from an address in the browser (Cache API). A later visit then transfers only what has changed, and works even if no
   * server answers. Default true. Not kept are files that the server marks `Cache-Control: no-store`, and models whose `requestInit`
   * has headers, credentials or its own cache mode.
   */
  readonly cache?: boolean;
  /**
   * Keep what was measured of a model in the browser (Cache API), so that a later visit starts with it: the speed of each kind of worker,
   * and the size of calls that suits the model. Nothing of the model or of any input is kept, only numbers. Default true.
   */
  readonly remember?: boolean;
  readonly onProgress?: (progress: LoadingProgress) => void;
  /** Called with each failure during loading or caching that was recovered from. */
  readonly onNotice?: (notice: LoadNotice) => void;
  /** Aborts the loading. A sharder that is ready is ended with `dispose`. */
  readonly signal?: AbortSignal | undefined;
}
