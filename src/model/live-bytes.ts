import type { TensorKey } from "./graph/graph.js";
import type { StagedModel } from "./staged-model.js";

type Bytes = Readonly<Record<TensorKey, number>>;

/**
 * Count the bytes that cross each place where a model can be cut: those of tensors made before the place and read after it.
 *
 * @param inputBytes bytes of the model's inputs for one item, by tensor.
 * @param layerBytes for each layer, the bytes for one item of its outputs that another layer or the caller reads, by tensor.
 * @returns one entry for the place in front of each layer and one for the end. The first counts the model's inputs, the last its
 *          outputs; an output that leaves early crosses no later place. O(tensors · layers).
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
