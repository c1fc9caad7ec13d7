import { fileOf, type PeerModel, type Variant } from "./peer-model.js";

/** Run one call. @param items float32 values of `itemCount` items. @returns values of its one output. */
export type Call = (items: Float32Array<ArrayBuffer>, itemCount: number) => Promise<Float32Array>;

/** What an engine has loaded. */
export interface LoadedPeer {
  readonly call: Call;
  unload(): void | Promise<void>;
}

/** One way of computing, in the realm that it is made in: a peer with its options. */
export interface PeerEngine {
  /** @param url of the model's file in the format of the variant. @param itemShape of one item. */
  load(url: string, itemShape: readonly number[], variant: Variant): Promise<LoadedPeer>;
}

/** Runs many items on one engine, on the page or, behind Comlink, in a worker. */
export class EngineHost {
  readonly #engine: PeerEngine;
  #loaded: LoadedPeer | undefined;
  #variant: Variant | undefined;

  constructor(engine: PeerEngine) {
    this.#engine = engine;
  }

  /** Load another variant in place of the present one. */
  async load(model: PeerModel, variant: Variant): Promise<void> {
    await this.#loaded?.unload();
    this.#loaded = undefined;
    this.#loaded = await this.#engine.load(fileOf(model, variant), model.itemShape, variant);
    this.#variant = variant;
  }

  /** @returns the output's values of all items. The last call may have fewer items than the others. */
  run(items: Float32Array<ArrayBuffer>, itemCount: number): Promise<Float32Array<ArrayBuffer>> {
    if (this.#loaded === undefined || this.#variant === undefined) throw new Error("Expected a loaded model first.");
    return runInCalls(this.#loaded.call, items, itemCount, this.#variant.callItemCount);
  }
}

/** Split the items into calls and gather what they return. */
export async function runInCalls(
  call: Call,
  items: Float32Array<ArrayBuffer>,
  itemCount: number,
  callItemCount: number,
): Promise<Float32Array<ArrayBuffer>> {
  const itemLength = items.length / itemCount;
  let gathered: Float32Array<ArrayBuffer> | undefined;
  for (let first = 0; first < itemCount; first += callItemCount) {
    const count = Math.min(callItemCount, itemCount - first);
    const outputs = await call(items.subarray(first * itemLength, (first + count) * itemLength), count);
    const outputLength = outputs.length / count;
    gathered ??= new Float32Array(outputLength * itemCount);
    gathered.set(outputs, outputLength * first);
  }
  return gathered ?? new Float32Array(0);
}
