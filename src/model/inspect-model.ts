import { allAtOnce } from "../core/steps.js";
import type { TfjsWire } from "../protocol/model-on-wire.js";
import type { ModelArtifacts } from "./artifacts.js";
import { inspectInSteps, type InspectedModel } from "./inspect.js";
import { prepareKeras } from "./prepare-keras.js";
import type { DeclaredInputs } from "./prepare-model.js";

/**
 * As `inspectInSteps`, at once and with the reader of Keras models at hand.
 * @throws ShardError as `inspectInSteps`
 */
export function inspectModel(
  artifacts: ModelArtifacts,
  shareWeights: boolean,
  optimize = false,
  declared: DeclaredInputs = {},
): InspectedModel<TfjsWire> {
  return allAtOnce(inspectInSteps(artifacts, shareWeights, optimize, declared, prepareKeras));
}
