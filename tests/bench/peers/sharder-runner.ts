import type { Sharder } from "inference-sharder";
import { fileOf, type PeerModel, type Variant } from "./peer-model.js";
import type { Runner } from "./runner.js";

/** Our own: WASM workers of one engine, batches split over them. It sizes its shards and calls by itself. */
export class SharderRunner implements Runner {
  readonly #workerCount: number;
  readonly #engine: "tfjs" | "litert";
  #sharder: Sharder | undefined;
  #itemShape: readonly number[] = [];
  /** Items of each attempt since it was loaded. */
  readonly attemptItemCounts: number[] = [];

  constructor(workerCount: number, engine: "tfjs" | "litert") {
    this.#workerCount = workerCount;
    this.#engine = engine;
  }

  async load(model: PeerModel, variant: Variant): Promise<void> {
    await this.dispose();
    // Loaded here, so that a page which measures another subject's start has none of it.
    const { createSharder } = await import("inference-sharder");
    this.#itemShape = model.itemShape;
    this.#sharder = await createSharder({
      model: fileOf(model, variant),
      workers: Array.from({ length: this.#workerCount }, () => ({ engine: this.#engine, backend: "wasm" as const })),
      split: "batch",
    });
    this.attemptItemCounts.length = 0;
    this.#sharder.addEventListener("attempt", ({ detail }) => void this.attemptItemCounts.push(detail.itemCount));
  }

  async run(items: Float32Array<ArrayBuffer>, itemCount: number): Promise<Float32Array> {
    const sharder = this.#sharder;
    if (sharder === undefined) throw new Error("Expected a loaded model first.");
    const outputs = await sharder.predict({ dtype: "float32", shape: [itemCount, ...this.#itemShape], data: items });
    const [output, ...others] = Object.values(outputs);
    if (output?.dtype !== "float32" || others.length > 0) throw new Error("Expected one float32 output.");
    return output.data;
  }

  async dispose(): Promise<void> {
    await this.#sharder?.dispose();
    this.#sharder = undefined;
  }
}
