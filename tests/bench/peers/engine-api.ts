import { expose, transfer } from "comlink";
import { EngineHost, type PeerEngine } from "./peer-engine.js";
import type { PeerModel, Variant } from "./peer-model.js";

/** What the page asks a worker with an engine for. */
export interface EngineApi {
  /** Start the engine; the first request. @param options address of its files and its threads. */
  start(options: EngineOptions): Promise<void>;
  load(model: PeerModel, variant: Variant): Promise<void>;
  run(items: Float32Array<ArrayBuffer>, itemCount: number): Promise<Float32Array<ArrayBuffer>>;
}

export interface EngineOptions {
  /** Of the engine's own files, with a slash at the end. */
  readonly folderUrl: string;
  readonly threadCount: number;
}

/** Serve an engine to the page. Results are transferred. */
export function exposeEngine(create: (options: EngineOptions) => Promise<PeerEngine>): void {
  let host: EngineHost | undefined;
  const started = (): EngineHost => {
    if (host === undefined) throw new Error("Expected `start` first.");
    return host;
  };
  const api: EngineApi = {
    start: async (options) => void (host = new EngineHost(await create(options))),
    load: (model, variant) => started().load(model, variant),
    async run(items, itemCount) {
      const outputs = await started().run(items, itemCount);
      return transfer(outputs, [outputs.buffer]);
    },
  };
  expose(api);
}
