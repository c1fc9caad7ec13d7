import { ShardError } from "../../core/errors.js";
import { show } from "../malformed.js";

/**
 * Check a list of cuts.
 * @param cuts indices of the layers that begin a stage.
 * @throws ShardError "invalid-options" unless they are ascending, each 1 … layerCount-1.
 */
export function checkCuts(cuts: readonly number[], layerCount: number): void {
  // Callers without types may pass anything.
  const isAscending =
    Array.isArray(cuts) &&
    cuts.every((cut: number, index) => Number.isInteger(cut) && cut > (cuts[index - 1] ?? 0) && cut < layerCount);
  if (isAscending) return;
  const received = show(cuts, 200);
  throw new ShardError(
    "invalid-options",
    layerCount < 2
      ? `Expected no cuts for a model of one layer, received ${received}: leave them out.`
      : `Expected cuts as ascending indices of layers from 1 to ${layerCount - 1}, received ${received}: see sharder.model.layers.`,
  );
}
