import type { WireModel } from "../protocol/model-on-wire.js";
import { NOT_ANALYSED } from "./batch/analyse-batch.js";
import type { Uncuttable } from "./file-cut/stage-parts.js";
import type { StagedModel } from "./staged-model.js";
import { describeLayer, initialMode, publicSpec, type InspectedModel, type ModelInfo } from "./inspect.js";
import { NOT_OPTIMISED } from "./optimise/optimization-report.js";

/** What a file says of its model that an engine takes as it is. */
interface FileFacts extends Pick<ModelInfo, "layerCount" | "weightBytes" | "userDefinedMetadata"> {
  /** Why it is not optimised here: what its engine does. */
  readonly reason: string;
}

/**
 * Describe a model in a format of another engine's. Its operations are the engine's business: it is not optimised here, and how it takes a
 * batch that it leaves free is found by a trial.
 * @param staged the model, cuttable into stages, or why it can't be cut.
 */
export function describeFile<Wire extends WireModel>(
  wire: Wire,
  staged: StagedModel<Wire> | Uncuttable,
  { reason, ...facts }: FileFacts,
): InspectedModel<Wire> {
  const { format, inputs, outputs } = wire;
  const notOptimised = { what: "the model", reason };
  const [cuttable, notDone] =
    "layers" in staged ? [staged, [notOptimised]] : [undefined, [{ what: "cuts", ...staged }, notOptimised]];
  return {
    info: {
      ...facts,
      format,
      inputs: inputs.map(publicSpec),
      outputs: outputs.map(publicSpec),
      layerCount: cuttable?.layers.length ?? facts.layerCount,
      layers: cuttable?.layers.map(describeLayer) ?? [],
      cuts: cuttable?.layers.slice(1).map((_, index) => ({ layer: index + 1, liveBytes: undefined })) ?? [],
      flops: undefined,
      ...initialMode(inputs, NOT_ANALYSED),
      missingOps: {},
      optimization: { ...NOT_OPTIMISED, notDone },
    },
    wire,
    staged: cuttable,
    batch: NOT_ANALYSED,
  };
}
