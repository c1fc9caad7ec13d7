import type { WireModel } from "../protocol/model-on-wire.js";
import { NOT_ANALYSED } from "./batch/analyse-batch.js";
import { initialMode, publicSpec, type InspectedModel, type ModelInfo } from "./inspect.js";
import { NOT_OPTIMISED } from "./optimise/optimization-report.js";

/** What a file says of its model that an engine takes as it is. */
interface FileFacts extends Pick<ModelInfo, "layerCount" | "weightBytes" | "userDefinedMetadata"> {
  /** Why it is not optimised here: what its engine does. */
  readonly reason: string;
}

/**
 * Describe a model in a format of another engine's. Its operations are the engine's business: it is not optimised here, not cut, and how it
 * takes a batch that it leaves free is found by a trial.
 */
export function describeFile<Wire extends WireModel>(
  wire: Wire,
  { reason, ...facts }: FileFacts,
): InspectedModel<Wire> {
  const { format, inputs, outputs } = wire;
  return {
    info: {
      ...facts,
      format,
      inputs: inputs.map(publicSpec),
      outputs: outputs.map(publicSpec),
      layers: [],
      cuts: [],
      flops: undefined,
      ...initialMode(inputs, NOT_ANALYSED),
      missingOps: {},
      optimization: { ...NOT_OPTIMISED, notDone: [{ what: "the model", reason }] },
    },
    wire,
    staged: undefined,
    batch: NOT_ANALYSED,
  };
}
