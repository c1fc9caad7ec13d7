import { ShardError } from "../core/errors.js";
import type { JournalApi } from "../protocol/journal-api.js";
import type { PictureApi, PixelApi } from "../protocol/picture-api.js";
import type { PlannerApi } from "../protocol/planner-api.js";
import type { ModelReaderApi } from "../protocol/reader-api.js";
import type { WorkerApi, WorkerSettings } from "../protocol/worker-api.js";
import { openWebWorker } from "./open-web-worker.js";
import type { WorkerLink } from "./worker-link.js";

/**
 * The worker scripts, one for each engine on each of its backends, so that each loads only its own kernels. A new backend or engine is
 * a folder in workers/engines, an entry in workers and a line here; options, types and contract suites follow from this table.
 */
// Bundlers recognise a worker only in this literal form.
export const WORKER_ENTRIES = {
  "tfjs/webgpu": (name: string) =>
    new Worker(new URL("../../workers/webgpu.ts", import.meta.url), { type: "module", name }),
  "tfjs/webgl": (name: string) =>
    new Worker(new URL("../../workers/webgl.ts", import.meta.url), { type: "module", name }),
  "tfjs/wasm": (name: string) =>
    new Worker(new URL("../../workers/wasm.ts", import.meta.url), { type: "module", name }),
  "tfjs/cpu": (name: string) => new Worker(new URL("../../workers/cpu.ts", import.meta.url), { type: "module", name }),
  "litert/webgpu": (name: string) =>
    new Worker(new URL("../../workers/litert-webgpu.ts", import.meta.url), { type: "module", name }),
  "litert/wasm": (name: string) =>
    new Worker(new URL("../../workers/litert-wasm.ts", import.meta.url), { type: "module", name }),
  "onnx/webgpu": (name: string) =>
    new Worker(new URL("../../workers/onnx-webgpu.ts", import.meta.url), { type: "module", name }),
  "onnx/wasm": (name: string) =>
    new Worker(new URL("../../workers/onnx-wasm.ts", import.meta.url), { type: "module", name }),
  "remote/remote": (name: string) =>
    new Worker(new URL("../../workers/remote.ts", import.meta.url), { type: "module", name }),
} as const;

export type EntryName = keyof typeof WORKER_ENTRIES;
/** The backends that a worker can run on; "remote" is a server. One worker = one engine = one backend. */
export type BackendName = EntryName extends `${string}/${infer Backend}` ? Backend : never;

/** The inference runtimes that a worker can have. */
export type EngineName = EntryName extends `${infer Engine}/${string}` ? Engine : never;

export const ENTRY_NAMES = Object.keys(WORKER_ENTRIES) as readonly EntryName[];

/** The backends of this machine, of all engines, each once, in the order of the table. A server is none: it needs an address. */
export const BACKEND_NAMES = [...new Set(ENTRY_NAMES.map((entry) => entry.split("/")[1] as BackendName))].filter(
  (backend) => backend !== "remote",
);

/** The engines, each once, in the order of the table. */
export const ENGINE_NAMES = [...new Set(ENTRY_NAMES.map((entry) => entry.split("/")[0] as EngineName))];

/** The kind of worker that is asked for: which script, and what its engine is told. */
export interface WorkerSpec extends WorkerSettings {
  readonly backend: BackendName;
  /**
   * The inference runtime. Default: "litert" for `.tflite` files, "onnx" for `.onnx` files and "tfjs" for all other models. "litert" also runs
   * TF.js models, which are translated for it, if it has all of their operations.
   */
  readonly engine?: EngineName;
}

/** Starts a worker and links to it. */
export type OpenWorker = (spec: WorkerSpec, workerId: string) => WorkerLink<WorkerApi>;

/** The entry that a spec means: without an engine, the first that runs on its backend. `undefined` where the table has none. */
export function entryOf({
  backend,
  engine,
}: {
  readonly backend: string;
  readonly engine?: string | undefined;
}): EntryName | undefined {
  return ENTRY_NAMES.find((entry) =>
    engine === undefined ? entry.endsWith(`/${backend}`) : entry === `${engine}/${backend}`,
  );
}

/** What people call it: the backend, and the engine where it is not the default one. */
export function labelOf({ backend, engine = "tfjs" }: { readonly backend: string; readonly engine?: string }): string {
  return engine === "tfjs" || backend === "remote" ? backend : `${engine}/${backend}`;
}

/** @throws ShardError "unknown-backend", "backend-unavailable" if the browser refuses to start the script. */
export const openWorker: OpenWorker = (spec, workerId) => {
  const entry = entryOf(spec);
  if (entry !== undefined) return openEntry(entry, workerId);
  throw new ShardError(
    "unknown-backend",
    `Expected one of the workers ${ENTRY_NAMES.join(", ")}, received "${labelOf(spec)}": name one of these.`,
  );
};

/** As `openWorker`, for one entry of the table. */
export function openEntry(entry: EntryName, workerId: string): WorkerLink<WorkerApi> {
  return openWebWorker(`"${entry}"`, () => WORKER_ENTRIES[entry](workerId));
}

/** The worker that plans stages. @throws as `openWorker` */
export function openPlanner(): WorkerLink<PlannerApi> {
  return openWebWorker(
    "the planner",
    () => new Worker(new URL("../../workers/planner.ts", import.meta.url), { type: "module", name: "planner" }),
  );
}

/** The worker that decodes, cuts, stitches and encodes pictures. @throws as `openWorker` */
export function openPictureWorker<Source>(): WorkerLink<PictureApi<Blob, ImageBitmap> & PixelApi<Source>> {
  return openWebWorker(
    "pictures",
    () => new Worker(new URL("../../workers/picture.ts", import.meta.url), { type: "module", name: "picture" }),
  );
}

/** The worker that reads zips and HDF5 files. @throws as `openWorker` */
export function openModelReader(): WorkerLink<ModelReaderApi<Blob>> {
  return openWebWorker(
    "model files",
    () => new Worker(new URL("../../workers/model-reader.ts", import.meta.url), { type: "module", name: "reader" }),
  );
}

/** The worker that keeps journals. @throws as `openWorker` */
export function openJournals(): WorkerLink<JournalApi<Blob>> {
  return openWebWorker(
    "journals",
    () => new Worker(new URL("../../workers/journal.ts", import.meta.url), { type: "module", name: "journal" }),
  );
}
