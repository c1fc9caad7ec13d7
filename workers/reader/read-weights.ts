import { ShardError } from "../../src/core/errors.js";
import { allocateWeights } from "../../src/model/load/allocate-weights.js";
import type { ReadWeight } from "../../src/protocol/reader-api.js";
import { convertValues, specOf, targetBytes } from "./convert-values.js";
import type { H5Dataset, H5File } from "./h5-file.js";
import { checkExpansion, damaged } from "./limits.js";

/** A dataset, and the name that its weight gets. */
export interface NamedDataset {
  readonly name: string;
  readonly dataset: H5Dataset;
}

export interface Weights {
  readonly weightSpecs: ReadWeight[];
  readonly weightData: ArrayBuffer | SharedArrayBuffer;
}

/**
 * Read datasets one after another into one buffer, block by block: beside the result, only a block is in memory. Yields after every block.
 * @throws ShardError "model-malformed", "model-unsupported" (integers beyond 32 bits), "out-of-memory"
 */
export function* readWeights(
  file: H5File,
  datasets: readonly NamedDataset[],
  fileBytes: number,
  isShared: boolean,
): Generator<undefined, Weights> {
  const sizes = datasets.map(({ dataset: { shape, type } }) =>
    shape.reduce((product, size) => product * size, targetBytes(type)),
  );
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  checkExpansion(file.name, totalBytes, fileBytes);
  const weightData = allocateWeights(totalBytes, isShared);
  let byteOffset = 0;
  for (const [index, { dataset }] of datasets.entries()) {
    const { type, path } = dataset;
    const end = byteOffset + sizes[index]!;
    for (const block of file.blocks(dataset)) {
      const length = (block.length / type.size) * targetBytes(type);
      if (byteOffset + length > end) throw damaged(file.name, `${sizes[index]} bytes of "${path.slice(-80)}"`, "more");
      if (!convertValues(block, type, new Uint8Array(weightData, byteOffset, length))) throw tooLarge(file.name, path);
      byteOffset += length;
      yield;
    }
    if (byteOffset !== end) throw damaged(file.name, `${sizes[index]} bytes of "${path.slice(-80)}"`, "fewer");
  }
  return { weightSpecs: datasets.map(({ name, dataset }) => specOf(name, dataset.shape, dataset.type)), weightData };
}

function tooLarge(name: string, path: string): ShardError {
  return new ShardError(
    "model-unsupported",
    `Expected integers of 32 bits in "${path.slice(-80)}" of "${name.slice(-80)}", received larger ones: TF.js has no wider ones; save the model with int32.`,
  );
}
