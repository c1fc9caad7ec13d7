import type { Sharder } from "inference-sharder";
import { fileOf, type PeerModel, type Variant } from "./peer-model.js";
import type { Runner } from "./runner.js";

type SharderEngine = "tfjs" | "litert" | "auto";

/** Of a job by which engines are compared, ms: several windows of the choice of workers. */
const JOB_MS = 3_000;
/** An engine that has not been found by then is not found, ms. */
const SETTLE_LIMIT_MS = 90_000;

/** Our own: WASM workers of one engine, batches split over them. It sizes its shards and calls by itself. */
export class SharderRunner implements Runner {
  readonly #workerCount: number;
  readonly #engine: SharderEngine;
  #sharder: Sharder | undefined;
  #itemShape: readonly number[] = [];
  /** Items of each attempt since it was loaded. */
  readonly attemptItemCounts: number[] = [];

  constructor(workerCount: number, engine: SharderEngine) {
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
      split: "batch",
      ...this.#workers(),
    });
    this.attemptItemCounts.length = 0;
    this.#sharder.addEventListener("attempt", ({ detail }) => void this.attemptItemCounts.push(detail.itemCount));
  }

  #workers() {
    const engine = this.#engine;
    if (engine === "auto") return { workers: "auto", engine, maxWorkers: this.#workerCount } as const;
    return { workers: Array.from({ length: this.#workerCount }, () => ({ engine, backend: "wasm" as const })) };
  }

  /**
   * Run jobs until it has found out its engine, as a user's first visits do, then load the model again as a later visit does.
   * @param items the first of as many as wanted.
   */
  async settle(
    model: PeerModel,
    variant: Variant,
    itemsPerSecond: number,
    mostItemCount: number,
    items: (itemCount: number) => Float32Array<ArrayBuffer>,
  ): Promise<void> {
    if (this.#engine !== "auto") return;
    const itemCount = Math.max(1, Math.min(mostItemCount, Math.ceil((JOB_MS / 1000) * itemsPerSecond)));
    const untilMs = performance.now() + SETTLE_LIMIT_MS;
    const some = items(itemCount);
    while (!this.#isSettled && performance.now() < untilMs) await this.run(some, itemCount);
    await this.load(model, variant);
  }

  /** Which one it runs on; `undefined` if it was told. */
  get foundEngine(): string | undefined {
    return this.#engine === "auto" ? this.#sharder?.workers[0]?.engine : undefined;
  }

  get #isSettled(): boolean {
    const litert = this.#sharder?.model.engines.find(({ engine }) => engine === "litert");
    return litert?.runs === false || litert?.reason?.startsWith("measured") === true;
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
