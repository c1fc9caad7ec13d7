import { createSharder, type Sharder, type SharderOptions } from "inference-sharder";
import type { Batch, ModelSource } from "./bench-models.js";
import { inputOf, outputsInOrder } from "./sharder-tensors.js";
import { median, timed, type Values } from "./statistics.js";
import { TfjsLoop } from "./tfjs-loop.js";
import { TfjsPage, type PageBackend } from "./tfjs-page.js";

/** One way of running a batch. */
export interface Subject {
  readonly name: string;
  /** Not timed: prepares what `run` will consume. */
  prepare?(): void;
  run(): Promise<Values[]>;
  /** Backend of each worker. */
  readonly workers: readonly string[];
  /** It runs only so many, the first ones, since it is far slower than the others. Default: all items. */
  readonly itemCount?: number;
  /** Items per call: chosen (TF.js), or the median shard (sharder). */
  chunkItemCount(): number;
  /** TF.js: items per second of the better run, for each number of items per call that was tried. */
  readonly triedChunks?: Readonly<Record<number, number>>;
  dispose(): void | Promise<void>;
}

/** @param workers as in `SharderOptions`. @param options as in `SharderOptions`. */
export async function sharderSubject(
  name: string,
  model: ModelSource,
  batch: Batch,
  workers: NonNullable<SharderOptions["workers"]>,
  options: Pick<SharderOptions, "split" | "optimize" | "verify" | "remember" | "quantumMs"> = {},
): Promise<Subject & { readonly sharder: Sharder }> {
  const sharder = await createSharder({ model, workers, split: "batch", ...options });
  const input = inputOf(batch);
  const shardItemCounts: number[] = [];
  sharder.addEventListener("attempt", ({ detail }) => void shardItemCounts.push(detail.itemCount));
  return {
    name,
    sharder,
    workers: sharder.workers.map(({ backend }) => backend),
    run: async () => outputsInOrder(sharder, await sharder.predict(input)),
    chunkItemCount: () => median(shardItemCounts),
    dispose: () => sharder.dispose(),
  };
}

/** @param chunkCandidates items per `predict` to choose from. */
export async function tfjsLoopSubject(
  name: string,
  model: ModelSource,
  batch: Batch,
  chunkCandidates: readonly number[],
): Promise<Subject> {
  const loop = await TfjsLoop.start(model);
  // A user of such a loop can transfer the buffer. Only the benchmark needs it again, so copying is not timed.
  const copy = (): Batch => ({ ...batch, data: batch.data.slice() });
  const { chunk, triedChunks } = await fastestChunk(batch.itemCount, chunkCandidates, (count) => {
    const copied = copy();
    return timed(() => loop.run(copied, count));
  });
  let prepared: Batch | undefined;
  return {
    name,
    workers: ["wasm"],
    prepare: () => void (prepared = copy()),
    run: () => loop.run(prepared!, chunk),
    chunkItemCount: () => chunk,
    triedChunks,
    dispose: () => loop.dispose(),
  };
}

/** Two unconnected engines, each with half of the batch: what the machine itself can do with two engines. */
export async function tfjsLoopPairSubject(
  name: string,
  model: ModelSource,
  batch: Batch,
  chunkItemCount: number,
): Promise<Subject> {
  const loops = await Promise.all([TfjsLoop.start(model), TfjsLoop.start(model)]);
  const firstCount = Math.ceil(batch.itemCount / 2);
  const itemSize = batch.data.length / batch.itemCount;
  const halves = (): Batch[] => [
    { ...batch, itemCount: firstCount, data: batch.data.slice(0, firstCount * itemSize) },
    { ...batch, itemCount: batch.itemCount - firstCount, data: batch.data.slice(firstCount * itemSize) },
  ];
  let prepared: Batch[] = [];
  return {
    name,
    workers: ["wasm", "wasm"],
    prepare: () => void (prepared = halves()),
    run: async () => {
      const [first, second] = await Promise.all(loops.map((loop, index) => loop.run(prepared[index]!, chunkItemCount)));
      return first!.map((values, output) => joinValues(values, second![output]!));
    },
    chunkItemCount: () => chunkItemCount,
    dispose: () => loops.forEach((loop) => loop.dispose()),
  };
}

function joinValues(a: Values, b: Values): Values {
  const joined = new (a.constructor as Float32ArrayConstructor)(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

export async function tfjsPageSubject(
  name: string,
  model: ModelSource,
  batch: Batch,
  backend: PageBackend,
  chunkCandidates: readonly number[],
): Promise<Subject> {
  const page = await TfjsPage.load(backend, model);
  const run = (count: number) => timed(() => page.run(batch, count));
  const { chunk, triedChunks } = await fastestChunk(batch.itemCount, chunkCandidates, run);
  return {
    name,
    workers: [],
    run: () => page.run(batch, chunk),
    chunkItemCount: () => chunk,
    triedChunks,
    dispose: () => page.dispose(),
  };
}

/**
 * The number of items per `predict` with which the batch finishes first. After a warm-up each candidate runs once;
 * those close to the fastest one run again.
 */
async function fastestChunk(
  itemCount: number,
  candidates: readonly number[],
  run: (chunkItemCount: number) => Promise<{ ms: number }>,
): Promise<{ chunk: number; triedChunks: Record<number, number> }> {
  if (candidates.length === 1) return { chunk: candidates[0]!, triedChunks: {} };
  await run(candidates[0]!);
  const bestMs = new Map<number, number>();
  for (const count of candidates) bestMs.set(count, (await run(count)).ms);
  const withinReachMs = 1.2 * Math.min(...bestMs.values());
  for (const [count, ms] of bestMs) {
    if (ms <= withinReachMs) bestMs.set(count, Math.min(ms, (await run(count)).ms));
  }
  // A small advantage is chance, so the first candidate wins then.
  const [chunk] = [...bestMs].reduce((a, b) => (b[1] < 0.97 * a[1] ? b : a));
  const rates = [...bestMs].map(([count, ms]): [number, number] => [count, (1000 * itemCount) / ms]);
  return { chunk, triedChunks: Object.fromEntries(rates) };
}
