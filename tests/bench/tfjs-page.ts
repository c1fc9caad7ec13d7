import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import { env, removeBackend, setBackend } from "@tensorflow/tfjs-core";
import { readAdapter } from "./adapter.js";
import type { Batch, ModelSource } from "./bench-models.js";
import type { Values } from "./statistics.js";
import { loadTfjsModel, type TfjsModel } from "./tfjs-model.js";
import { configureWasm } from "./tfjs-wasm.js";

export type PageBackend = "webgpu" | "webgl" | "wasm";

let isConfigured = false;

/**
 * Backends that work on this page, probably fastest first. WebGPU only on a real GPU: in software it is slower than
 * WASM.
 */
export async function pageBackends(): Promise<PageBackend[]> {
  configureOnce();
  const { hasRealWebGpu } = await readAdapter();
  const candidates: readonly PageBackend[] = hasRealWebGpu ? ["webgpu", "webgl", "wasm"] : ["webgl", "wasm"];
  const working: PageBackend[] = [];
  for (const backend of candidates) if (await activates(backend)) working.push(backend);
  return working;
}

/** TF.js on the page itself, with one backend. Models on the page share an engine, so only one runs at a time. */
export class TfjsPage {
  readonly backend: PageBackend;
  readonly #model: TfjsModel;

  private constructor(backend: PageBackend, model: TfjsModel) {
    this.backend = backend;
    this.#model = model;
  }

  static async load(backend: PageBackend, source: ModelSource): Promise<TfjsPage> {
    configureOnce();
    await setBackend(backend);
    return new TfjsPage(backend, await loadTfjsModel(source));
  }

  async run(batch: Batch, chunkItemCount: number): Promise<Values[]> {
    await setBackend(this.backend);
    return this.#model.run(batch, chunkItemCount);
  }

  async dispose(): Promise<void> {
    await setBackend(this.backend);
    this.#model.dispose();
  }
}

async function activates(backend: PageBackend): Promise<boolean> {
  try {
    if (await setBackend(backend)) return true;
  } catch {
    // The backend does not work on this machine.
  }
  removeBackend(backend);
  return false;
}

function configureOnce(): void {
  if (isConfigured) return;
  isConfigured = true;
  env().set("SOFTWARE_WEBGL_ENABLED", true);
  configureWasm();
}
