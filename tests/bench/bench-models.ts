import type { ModelArtifacts, ModelInfo } from "inference-sharder";
import { seededRandom } from "../../src/core/random.js";
import { randomNet } from "../fixtures/random-net.js";
import { kerasMobileNet } from "./keras-mobilenet.js";

/** A model that every subject can load by itself. */
export type ModelSource = string | ModelArtifacts;

export interface BenchModel {
  readonly name: string;
  readonly source: ModelSource;
  /** Sizes of an item if the model leaves them free. */
  readonly itemShape?: readonly number[];
  /** Bounds of the batch, which is sized so that one WASM worker takes about a second. */
  readonly minItemCount: number;
  readonly maxItemCount: number;
}

/** Seeded inputs of one batch, the same for every subject. */
export interface Batch {
  readonly itemShape: readonly number[];
  readonly itemCount: number;
  readonly data: Float32Array<ArrayBuffer>;
}

/** Limit for a batch, since the page and the workers hold copies of it. */
const MAX_BATCH_BYTES = 64 * 2 ** 20;

/** The model that is bundled with the page, the example of the README, and a model with cheap items. */
export function bundledModels(): BenchModel[] {
  return [
    {
      name: "upscale-x2 160×160",
      source: new URL("/models/upscale-x2/model.json", location.href).href,
      itemShape: [160, 160, 3],
      minItemCount: 24,
      maxItemCount: 48,
    },
    {
      name: "MobileNet V1 0.5 224×224",
      source: kerasMobileNet({ seed: 7, size: 224, alpha: 0.5 }),
      minItemCount: 24,
      maxItemCount: 96,
    },
    {
      name: "random net 32×32",
      source: randomNet({ seed: 3, size: 32, channels: 3, depth: 6, width: 16 }),
      minItemCount: 128,
      maxItemCount: 1024,
    },
  ];
}

/**
 * Shape of an item, for a model that takes a free batch of one float input.
 * @returns `undefined` for other models, which the subjects don't run.
 */
export function itemShapeOf(model: BenchModel, info: ModelInfo): readonly number[] | undefined {
  const [input] = info.inputs;
  if (info.inputs.length !== 1 || input === undefined || input.dtype !== "float32") return undefined;
  if ((info.batchMode ?? "batched") !== "batched" || input.shape === undefined) return undefined;
  if (model.itemShape !== undefined) return model.itemShape;
  const shape = input.shape.slice(1);
  return shape.includes(-1) ? undefined : shape;
}

/** Seeded noise in 0…1. */
export function noiseBatch(itemShape: readonly number[], itemCount: number, seed = 1): Batch {
  const random = seededRandom(seed);
  const length = itemShape.reduce((product, size) => product * size, itemCount);
  return { itemShape, itemCount, data: Float32Array.from({ length }, () => random()) };
}

/** Number of items that take `seconds` at `itemsPerSecond`, within the bounds of the model and the memory. */
export function batchItemCount(
  model: BenchModel,
  itemShape: readonly number[],
  itemsPerSecond: number,
  seconds: number,
): number {
  const itemBytes = itemShape.reduce((product, size) => product * size, 4);
  const maxItemCount = Math.max(1, Math.min(model.maxItemCount, Math.floor(MAX_BATCH_BYTES / itemBytes)));
  const wanted = Math.round(itemsPerSecond * seconds);
  return Math.max(Math.min(model.minItemCount, maxItemCount), Math.min(wanted, maxItemCount));
}
