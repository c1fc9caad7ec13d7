import type { Policy } from "../core/dispatch/types.js";
import { ShardError } from "../core/errors.js";
import { BACKEND_NAMES, ENGINE_NAMES, ENTRY_NAMES, entryOf, type WorkerSpec } from "../pool/worker-entries.js";
import { messageOf } from "../protocol/error-record.js";
import { orShardError } from "../protocol/raw-errors.js";
import { isPlatform, typedArrayName } from "../protocol/realms.js";
import { checkRemote, isRemoteModel } from "./check-remote.js";
import { checkSignal } from "./job/predict-options.js";
import { requireKnownKeys } from "./known-keys.js";
import type { SharderOptions, SharderSettings } from "./options.js";

const POLICIES: readonly Policy[] = ["makespan", "equal", "capacity-proportional"];

const OPTION_NAMES: Readonly<Record<keyof SharderOptions, true>> = {
  model: true,
  workers: true,
  engine: true,
  maxWorkers: true,
  split: true,
  cuts: true,
  policy: true,
  optimize: true,
  quantumMs: true,
  verify: true,
  onItemError: true,
  firstRunDeadlineMs: true,
  maxWorkerHeapBytes: true,
  maxWorkerBytes: true,
  inputs: true,
  signature: true,
  requestInit: true,
  weightPathPrefix: true,
  weightUrlConverter: true,
  cache: true,
  remember: true,
  onProgress: true,
  onNotice: true,
  signal: true,
};

const SETTING_NAMES: Readonly<Record<keyof SharderSettings, true>> = {
  policy: true,
  quantumMs: true,
  verify: true,
  onItemError: true,
};

/** As many as LiteRT makes use of, and ONNX Runtime. */
const MAX_THREADS = 64;

const SPEC_NAMES: Readonly<Record<keyof WorkerSpec, true>> = {
  backend: true,
  engine: true,
  powerPreference: true,
  threads: true,
  url: true,
  headers: true,
  maxBatch: true,
  maxInFlight: true,
  names: true,
};

/** @throws ShardError "invalid-options", "unknown-backend", naming the option and what it received. */
export function checkOptions(options: SharderOptions): void {
  orShardError("invalid-options", "options that can be read", "pass plain values", () => checkAll(options));
}

function checkAll(options: SharderOptions): void {
  if (typeof options !== "object" || options === null) {
    throw invalid("options", "an object with a model", options, 'call createSharder({ model: "…/model.json" })');
  }
  requireKnownKeys("createSharder", options, OPTION_NAMES);
  const { model, workers = "auto", split = "auto", cuts } = options;
  checkModelSource(model);
  if (workers !== "auto") checkWorkerSpecs(workers);
  checkMaxWorkers(options.maxWorkers, workers === "auto");
  checkEngine(options.engine, workers === "auto");
  if (split !== "auto" && split !== "batch" && split !== "layers") {
    throw invalid("split", '"auto", "batch" or "layers"', split, "leave it out");
  }
  checkCuts(cuts, split);
  checkInputs(options.inputs);
  checkJobSettings(options);
  checkRecovery(options);
  const {
    maxWorkerBytes,
    optimize,
    weightPathPrefix,
    weightUrlConverter,
    cache,
    remember,
    onProgress,
    onNotice,
    signal,
    signature,
  } = options;
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
  if (signature !== undefined && typeof signature !== "string") {
    throw invalid("signature", "the key of a signature", signature, "leave it out for the usual one");
  }
  if (cache !== undefined && typeof cache !== "boolean") throw invalid("cache", "true or false", cache, "leave it out");
  if (remember !== undefined && typeof remember !== "boolean") {
    throw invalid("remember", "true or false", remember, "leave it out");
  }
  if (onNotice !== undefined && typeof onNotice !== "function") {
    throw invalid("onNotice", "a function", onNotice, "leave it out");
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw invalid("onProgress", "a function", onProgress, "leave it out");
  }
  checkRequestInit(options.requestInit);
  checkSignal(signal);
}

function checkEngine(engine: unknown, isAuto: boolean): void {
  if (engine === undefined || ENGINE_NAMES.some((name) => name === engine)) return;
  const expected = ["auto", ...ENGINE_NAMES].map((name) => `"${name}"`).join(", ");
  if (engine !== "auto") throw invalid("engine", `one of ${expected}`, engine, "leave it out for that of the model");
  if (!isAuto)
    throw invalid("engine", "an engine beside a list of workers", engine, 'name one, or leave "workers" out');
}

function checkMaxWorkers(maxWorkers: unknown, isAuto: boolean): void {
  if (maxWorkers === undefined) return;
  if (!isAuto) throw invalid("maxWorkers", "no limit beside a list of workers", maxWorkers, "list fewer workers");
  if (!(Number.isSafeInteger(maxWorkers) && (maxWorkers as number) >= 1)) {
    throw invalid("maxWorkers", "a whole number of workers ≥ 1", maxWorkers, "leave it out for no limit");
  }
}

/** @throws ShardError "invalid-options" */
export function checkRequestInit(requestInit: unknown): void {
  if (requestInit === undefined) return;
  if (typeof requestInit !== "object" || requestInit === null) {
    throw invalid("requestInit", "an object as fetch takes it", requestInit, "leave it out");
  }
  const { headers } = requestInit as RequestInit;
  try {
    void new Headers(headers);
  } catch (cause) {
    throw invalid("requestInit.headers", "headers as fetch takes them", messageOf(cause), "correct them");
  }
}

/** @throws ShardError "invalid-options", naming the setting and what it received. */
export function checkSettings(settings: SharderSettings): void {
  orShardError("invalid-options", "settings that can be read", "pass plain values", () => {
    if (typeof settings !== "object" || settings === null) {
      throw invalid("settings", "an object", settings, "call configure({ quantumMs: 50 })");
    }
    requireKnownKeys("configure", settings, SETTING_NAMES);
    checkJobSettings(settings);
  });
}

/** What holds for a job as a whole. */
function checkJobSettings({ policy = "makespan", quantumMs = 100, verify, onItemError }: SharderSettings): void {
  if (!POLICIES.includes(policy)) throw invalid("policy", `one of ${POLICIES.join(", ")}`, policy, "leave it out");
  if (!(typeof quantumMs === "number" && quantumMs >= 1 && quantumMs <= 60_000)) {
    throw invalid("quantumMs", "a number from 1 to 60000", quantumMs, "leave it out for 100");
  }
  const isFraction = typeof verify === "number" && verify >= 0 && verify <= 1;
  if (verify !== undefined && verify !== false && !isFraction) {
    throw invalid(
      "verify",
      "a fraction from 0 to 1, or false",
      verify,
      "pass 0.1 to have every tenth shard recomputed",
    );
  }
  if (onItemError !== undefined && onItemError !== "throw" && onItemError !== "report") {
    throw invalid("onItemError", '"throw" or "report"', onItemError, 'leave it out for "throw"');
  }
}

/** What is done about faults. */
function checkRecovery({ firstRunDeadlineMs, maxWorkerHeapBytes }: SharderOptions): void {
  if (firstRunDeadlineMs !== undefined && !(typeof firstRunDeadlineMs === "number" && firstRunDeadlineMs >= 1000)) {
    throw invalid("firstRunDeadlineMs", "a number of ms from 1000 on", firstRunDeadlineMs, "leave it out for 120000");
  }
  if (maxWorkerHeapBytes !== undefined && !(typeof maxWorkerHeapBytes === "number" && maxWorkerHeapBytes > 0)) {
    throw invalid("maxWorkerHeapBytes", "a number of bytes above 0", maxWorkerHeapBytes, "leave it out for 1.5 GiB");
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
  const isAddress = (typeof model === "string" && model !== "") || isUrl(model);
  const isArtifacts = typeof model === "object" && model !== null && "modelTopology" in model;
  if (isFile(model)) return;
  if (isUint8Array(model) || isArrayBuffer(model)) {
    if (model.byteLength > 0) return;
    throw invalid(
      "model",
      "a .tflite or .onnx file of at least one byte",
      0,
      "pass bytes that were not transferred to a worker",
    );
  }
  if (isRemoteModel(model)) return checkRemote({ ...model, url: model.remote, backend: "remote" }, invalid);
  if (isAddress || isArtifacts || (isListLike(model) && model.length > 0 && Array.from(model).every(isFile))) return;
  const received = isListLike(model) ? Array.from(model).find((file) => !isFile(file)) : undefined;
  throw invalid(
    "model",
    "the address of a model.json, .tflite or .onnx file, a file or a list of files, model artifacts, the bytes of a .tflite or .onnx file, or { remote: address } for a model on a server",
    received ?? model,
    received === undefined ? "pass one of them" : "pass a list of files only",
  );
}

/** Not `instanceof`: an address may come from another frame. */
export function isUrl(value: unknown): value is URL {
  return isPlatform("URL", value);
}

function isListLike(value: unknown): value is ArrayLike<unknown> {
  return typeof value === "object" && value !== null && "length" in value && typeof value.length === "number";
}

/** Not `instanceof`: bytes may come from another frame. */
export function isUint8Array(value: unknown): value is Uint8Array<ArrayBuffer | SharedArrayBuffer> {
  return typedArrayName(value) === "Uint8Array";
}

export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return isPlatform("ArrayBuffer", value);
}

/** Not `instanceof`: files may come from another frame. */
export function isFile(value: unknown): value is File {
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
  orShardError("invalid-options", "a worker that can be read", "pass plain values", () => checkSpec(spec));
}

function checkSpec(spec: unknown): void {
  if (typeof spec !== "object" || spec === null)
    throw invalid("worker", "an object with a backend", spec, 'pass { backend: "wasm" }');
  requireKnownKeys("a worker", spec, SPEC_NAMES);
  const { backend, engine, powerPreference, threads } = spec as Partial<WorkerSpec>;
  checkRemote(spec as Partial<WorkerSpec>, invalid);
  if (backend !== "remote" && (backend === undefined || !BACKEND_NAMES.includes(backend))) {
    throw new ShardError(
      "unknown-backend",
      `Expected a backend from the list ${BACKEND_NAMES.join(", ")}, received ${show(backend)}: name one of these, or "remote" with the "url" of a model on a server.`,
    );
  }
  if (entryOf({ backend, engine }) === undefined) {
    const others = ENTRY_NAMES.filter((entry) => entry.endsWith(`/${backend}`)).map((entry) => entry.split("/")[0]);
    throw invalid("engine", `one that runs on "${backend}" (${others.join(", ")})`, engine, "leave it out");
  }
  if (powerPreference !== undefined && powerPreference !== "high-performance" && powerPreference !== "low-power") {
    throw invalid("powerPreference", '"high-performance" or "low-power"', powerPreference, "leave it out");
  }
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads >= 1 && threads <= MAX_THREADS)) {
    throw invalid("threads", `a whole number from 1 to ${MAX_THREADS}`, threads, "leave it out for one thread");
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
