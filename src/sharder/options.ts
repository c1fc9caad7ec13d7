import { ShardError } from "../core/errors.js";
import type { Policy } from "../core/dispatch/types.js";
import type { ModelArtifacts } from "../model/artifacts.js";
import type { LoadNotice } from "../model/load/load-notice.js";
import { BACKEND_NAMES, ENTRY_NAMES, entryOf, type WorkerSpec } from "../pool/worker-entries.js";

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

export interface SharderOptions {
  /**
   * The address of a model.json, of its folder, or of a `.keras`, `.h5` or `.zip` file (relative to the page); `"indexeddb://NAME"` for a
   * model that TF.js's `model.save` stored; such files as a user dropped or chose them, model.json together with its weight files, in any
   * order; or the artifacts themselves, as `tf.io` represents them.
   */
  readonly model: string | URL | ArrayLike<File> | ModelArtifacts;
  /**
   * "auto" (default): a WebGPU worker if there is a real GPU, and a WASM worker for every core.
   * Otherwise one entry per worker; those that can't start are left out and say why in `sharder.workers`.
   */
  readonly workers?: "auto" | readonly WorkerSpec[];
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
  /** Reserved for recomputing a fraction of the shards: only 0 (default) is accepted. */
  readonly verify?: number;
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
  readonly onProgress?: (progress: LoadingProgress) => void;
  /** Called with each failure during loading or caching that was recovered from. */
  readonly onNotice?: (notice: LoadNotice) => void;
  /** Aborts the loading. A sharder that is ready is ended with `dispose`. */
  readonly signal?: AbortSignal | undefined;
}

const POLICIES: readonly Policy[] = ["makespan", "equal", "capacity-proportional"];

/** @throws ShardError "invalid-options", "unknown-backend", naming the option and what it received. */
export function checkOptions(options: SharderOptions): void {
  if (typeof options !== "object" || options === null) {
    throw invalid("options", "an object with a model", options, 'call createSharder({ model: "…/model.json" })');
  }
  const { model, workers = "auto", split = "auto", cuts, policy = "makespan", quantumMs = 100, verify = 0 } = options;
  checkModelSource(model);
  if (workers !== "auto") checkWorkerSpecs(workers);
  if (split !== "auto" && split !== "batch" && split !== "layers") {
    throw invalid("split", '"auto", "batch" or "layers"', split, "leave it out");
  }
  checkCuts(cuts, split);
  checkInputs(options.inputs);
  if (!POLICIES.includes(policy)) throw invalid("policy", `one of ${POLICIES.join(", ")}`, policy, "leave it out");
  if (!(typeof quantumMs === "number" && quantumMs >= 1 && quantumMs <= 60_000)) {
    throw invalid("quantumMs", "a number from 1 to 60000", quantumMs, "leave it out for 100");
  }
  if (verify !== 0) throw invalid("verify", "0", verify, "recomputing shards is not available yet");
  const { maxWorkerBytes, optimize, weightPathPrefix, weightUrlConverter, cache, onProgress, onNotice, signal } =
    options;
  if (maxWorkerBytes !== undefined && !(typeof maxWorkerBytes === "number" && maxWorkerBytes > 0)) {
    throw invalid("maxWorkerBytes", "a number of bytes above 0", maxWorkerBytes, "leave it out for no limit");
  }
  if (optimize !== undefined && typeof optimize !== "boolean")
    throw invalid("optimize", "true or false", optimize, "leave it out");
  if (weightPathPrefix !== undefined && typeof weightPathPrefix !== "string") {
    throw invalid(
      "weightPathPrefix",
      "an address",
      weightPathPrefix,
      "leave it out where the weights are beside model.json",
    );
  }
  if (weightUrlConverter !== undefined && typeof weightUrlConverter !== "function") {
    throw invalid("weightUrlConverter", "a function", weightUrlConverter, "leave it out");
  }
  if (cache !== undefined && typeof cache !== "boolean") throw invalid("cache", "true or false", cache, "leave it out");
  if (onNotice !== undefined && typeof onNotice !== "function") {
    throw invalid("onNotice", "a function", onNotice, "leave it out");
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw invalid("onProgress", "a function", onProgress, "leave it out");
  }
  // Not `instanceof`: a signal may come from another frame.
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.addEventListener !== "function") {
    throw invalid("signal", "an AbortSignal", signal, "pass the controller's signal");
  }
}

/** Whether the model has inputs of these names is checked once it is loaded. */
function checkInputs(inputs: unknown): void {
  if (inputs === undefined) return;
  const advice = "pass { NAME: { batched: false } }";
  if (typeof inputs !== "object" || inputs === null || Array.isArray(inputs)) {
    throw invalid("inputs", "an object by name of input", inputs, advice);
  }
  for (const [name, entry] of Object.entries(inputs) as [string, unknown][]) {
    if (typeof entry !== "object" || entry === null) throw invalid(`inputs.${name}`, "an object", entry, advice);
    const { batched = true, ...others } = entry as Readonly<Record<string, unknown>>;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw invalid(`inputs.${name}`, "{ batched }", entry, `leave "${unknown}" out`);
    if (typeof batched !== "boolean") throw invalid(`inputs.${name}.batched`, "true or false", batched, advice);
  }
}

/** Whether the model can be cut there is checked once it is loaded. */
function checkCuts(cuts: unknown, split: string): void {
  if (cuts === undefined) return;
  if (!Array.isArray(cuts) || !cuts.every((cut) => Number.isSafeInteger(cut) && cut >= 1)) {
    throw invalid("cuts", "a list of layer indices, each at least 1", cuts, "see sharder.model.layers");
  }
  if (split !== "layers") throw invalid("cuts", 'left out unless split is "layers"', cuts, 'pass split: "layers"');
}

function checkModelSource(model: unknown): void {
  const isAddress = (typeof model === "string" && model !== "") || model instanceof URL;
  const isArtifacts = typeof model === "object" && model !== null && "modelTopology" in model;
  if (isAddress || isArtifacts || (isListLike(model) && model.length > 0 && Array.from(model).every(isFile))) return;
  const received = isListLike(model) ? Array.from(model).find((file) => !isFile(file)) : undefined;
  throw invalid(
    "model",
    "the address of a model.json, a list of files, or model artifacts",
    received ?? model,
    received === undefined ? "pass one of them" : "pass a list of files only",
  );
}

function isListLike(value: unknown): value is ArrayLike<unknown> {
  return typeof value === "object" && value !== null && "length" in value && typeof value.length === "number";
}

/** Not `instanceof`: files may come from another frame. */
function isFile(value: unknown): boolean {
  const { name, size, stream } = (value ?? {}) as Partial<File>;
  return typeof name === "string" && typeof size === "number" && typeof stream === "function";
}

function checkWorkerSpecs(specs: unknown): void {
  if (!Array.isArray(specs) || specs.length === 0) {
    throw invalid("workers", '"auto" or a list of at least one worker', specs, 'pass [{ backend: "wasm" }]');
  }
  // Not `forEach`, which skips holes.
  for (const spec of specs as unknown[]) checkWorkerSpec(spec);
}

/** @throws ShardError "unknown-backend", "invalid-options" */
export function checkWorkerSpec(spec: unknown): void {
  if (typeof spec !== "object" || spec === null)
    throw invalid("worker", "an object with a backend", spec, 'pass { backend: "wasm" }');
  const { backend, engine, powerPreference } = spec as Partial<WorkerSpec>;
  if (backend === undefined || !BACKEND_NAMES.includes(backend)) {
    throw new ShardError(
      "unknown-backend",
      `Expected a backend from the list ${BACKEND_NAMES.join(", ")}, received ${show(backend)}: name one of these.`,
    );
  }
  if (entryOf({ backend, engine }) === undefined) {
    const others = ENTRY_NAMES.filter((entry) => entry.endsWith(`/${backend}`)).map((entry) => entry.split("/")[0]);
    throw invalid("engine", `one that runs on "${backend}" (${others.join(", ")})`, engine, "leave it out");
  }
  if (powerPreference !== undefined && powerPreference !== "high-performance" && powerPreference !== "low-power") {
    throw invalid("powerPreference", '"high-performance" or "low-power"', powerPreference, "leave it out");
  }
}

function invalid(name: string, expected: string, received: unknown, advice: string): ShardError {
  return new ShardError(
    "invalid-options",
    `Expected "${name}" to be ${expected}, received ${show(received)}: ${advice}.`,
  );
}

function show(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  return typeof value === "object" && value !== null
    ? `an object with ${Object.keys(value).join(", ") || "no keys"}`
    : String(value);
}
