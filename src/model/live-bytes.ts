import type { TensorKey } from "./graph/graph.js";
import type { StagedModel } from "./staged-model.js";

type Bytes = Readonly<Record<TensorKey, number>>;

/**
 * Bytes that cross each place where a model can be cut.
 *
 * @param inputBytes of one item, by tensor: the model's inputs.
 * @param layerBytes of one item, by tensor: what each layer gives that another reads, or the caller.
 * @returns one entry for the place in front of each layer, and one for the end: what is made before and read after. At the ends
 *          these are the model's inputs and outputs; outputs that leave early cross no later place. O(tensors · layers).
 */
export function liveBytes(model: StagedModel, inputBytes: Bytes, layerBytes: readonly Bytes[]): number[] {
  const { layers } = model;
  const lastReadIn = new Map<TensorKey, number>();
  for (const [index, { reads }] of layers.entries()) for (const key of reads) lastReadIn.set(key, index);
  const live = Array.from({ length: layers.length + 1 }, () => 0);
  const outputs = new Set(Object.values(model.outputKeys));
  for (const [index, made] of [inputBytes, ...layerBytes].entries()) {
    for (const [key, bytes] of Object.entries(made)) {
      for (let place = index; place <= (lastReadIn.get(key) ?? -1); place++) live[place]! += bytes;
      if (outputs.has(key)) live[layers.length]! += bytes;
    }
  }
  return live;
}
