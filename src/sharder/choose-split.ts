import { ShardError } from "../core/errors.js";
import type { InspectedModel } from "../model/inspect.js";
import { stageBytes } from "./layers/assign-stages.js";
import type { SharderOptions } from "./options.js";

/**
 * Whether a model is split by batch or by layers, as far as its size decides.
 * @throws ShardError "model-unsupported" where it can't be split as it would have to be, "invalid-options" for cuts that are none.
 */
export function chooseSplit(
  { info, staged }: InspectedModel,
  { split = "auto", maxWorkerBytes = Infinity, cuts }: SharderOptions,
): "batch" | "layers" {
  const wholeBytes = staged === undefined ? info.weightBytes : stageBytes(staged, 0, staged.layers.length - 1);
  const fitsWhole = wholeBytes <= maxWorkerBytes;
  if (split === "layers" || (split === "auto" && !fitsWhole)) {
    if (staged !== undefined) {
      if (cuts !== undefined) staged.stages(cuts);
      return "layers";
    }
    const reason = info.optimization.notDone[0]?.reason ?? "it is one piece";
    throw new ShardError(
      "model-unsupported",
      fitsWhole
        ? `Expected a model that can be cut into layers, received one that can't (${reason}): use split: "batch".`
        : `Expected weights of at most ${maxWorkerBytes} bytes per worker (maxWorkerBytes), received ${wholeBytes} in a model that can't be cut (${reason}): raise the limit or use a smaller model.`,
    );
  }
  if (fitsWhole) return "batch";
  throw new ShardError(
    "model-unsupported",
    `Expected weights of at most ${maxWorkerBytes} bytes per worker (maxWorkerBytes), received ${wholeBytes}: raise the limit, or leave split out so that the model is split by layers.`,
  );
}
