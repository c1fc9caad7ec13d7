import { ShardError } from "../core/errors.js";
import type { InspectedModel } from "../model/inspect.js";
import type { WorkerSpec } from "../pool/worker-entries.js";
import type { EngineFit } from "./engines/engine-fits.js";
import type { KnownModel } from "./known-model.js";
import { isTfjsWire, type WireModel } from "../protocol/model-on-wire.js";
import { loadScript } from "../model/load/load-script.js";

/**
 * The model for workers of several engines. A server has it whole. LiteRT's workers take a TF.js model whole: what a stage computes of the
 * sizes of the model's inputs is not known beforehand where these are in another stage.
 *
 * @throws ShardError "model-unsupported" naming the node that can't be translated, "backend-unavailable", "aborted"
 */
export async function forEngines(
  inspected: InspectedModel,
  specs: readonly WorkerSpec[],
  signal: AbortSignal | undefined,
): Promise<InspectedModel> {
  const { info, wire } = inspected;
  const isTranslated = isTfjsWire(wire) && specs.some(({ engine }) => engine === "litert");
  const isServed = wire.format !== "remote" && specs.some(({ backend }) => backend === "remote");
  if (!isTranslated && !isServed) return inspected;
  if (isTranslated) await requireTranslatable(wire, signal);
  const reason = isTranslated ? "LiteRT runs models in one piece" : "a server runs its model in one piece";
  const notDone = [{ what: "cuts", reason }, ...info.optimization.notDone];
  return {
    ...inspected,
    info: { ...info, layers: [], cuts: [], optimization: { ...info.optimization, notDone } },
    staged: undefined,
  };
}

/** @throws ShardError as `forEngines` */
export async function requireTranslatable(wire: WireModel, signal?: AbortSignal): Promise<void> {
  if (!isTfjsWire(wire)) return;
  const { whyNotTflite } = await loadScript(
    "translates models",
    signal,
    () => import("../model/translate/why-not-tflite.js"),
  );
  const reason = whyNotTflite(wire);
  if (reason !== undefined) throw new ShardError("model-unsupported", reason);
}

/** Find out which engines run a model, if that is not known yet. @throws ShardError "backend-unavailable" if a script can't be loaded */
export async function examineEngines(model: KnownModel): Promise<readonly EngineFit[]> {
  const isOpen = model.info.engines.some(({ runs }) => runs === undefined);
  if (!isOpen) return model.info.engines;
  try {
    await requireTranslatable(model.inspected.wire);
    model.learnEngine({ engine: "litert", runs: true });
  } catch (thrown) {
    if (!(thrown instanceof ShardError) || thrown.code !== "model-unsupported") throw thrown;
    model.learnEngine({ engine: "litert", runs: false, reason: thrown.message });
  }
  return model.info.engines;
}
