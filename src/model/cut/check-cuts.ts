import { ShardError } from "../../core/errors.js";

/**
 * @param cuts indices of the layers that begin a stage.
 * @throws ShardError "invalid-options" where they are not ascending, each 1 … layerCount-1.
 */
export function checkCuts(cuts: readonly number[], layerCount: number): void {
  const isAscending = cuts.every(
    (cut, index) => Number.isInteger(cut) && cut > (cuts[index - 1] ?? 0) && cut < layerCount,
  );
  if (isAscending) return;
  throw new ShardError(
    "invalid-options",
    `Expected cuts as ascending indices of layers from 1 to ${layerCount - 1}, received ${JSON.stringify(cuts).slice(0, 200)}: see sharder.model.layers.`,
  );
}
