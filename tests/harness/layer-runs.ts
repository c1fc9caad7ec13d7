// Models in files of other engines, split by layers, against one worker that has them whole.
import { createSharder } from "inference-sharder";
import type { OutputValue, Tensor } from "inference-sharder";
import type { SharderOptions } from "../../src/sharder/options.js";
import { savedCase, type SavedFormat } from "./saved-models.js";

export interface LayerRun {
  readonly layerCount: number;
  readonly stageCount: number;
  /** How many workers have run a stage. */
  readonly workedCount: number;
  /** For each output, the largest difference from what one worker gives by batch, of the largest value; 0 for the same bits. */
  readonly gaps: readonly number[];
}

/**
 * @param options of the sharder that splits by layers
 * @param compare as `harness.difference`
 */
export async function runByLayers(
  [format, name, repeat = 1]: readonly [SavedFormat, string, number?],
  options: Partial<SharderOptions>,
  compare: (found: OutputValue | undefined, expected: Tensor) => number,
): Promise<LayerRun> {
  const { inputs } = await savedCase(format, name, repeat);
  const model = `fixtures/${format}/${name}.${format}`;
  const whole = await createSharder({ model, workers: [{ backend: "wasm" }] });
  const expected = await whole.predict(inputs);
  await whole.dispose();
  const workers = [{ backend: "wasm" }, { backend: "wasm" }] as const;
  const sharder = await createSharder({ model, workers, split: "layers", ...options });
  try {
    const worked = new Set<string>();
    sharder.addEventListener("attempt", ({ detail }) => worked.add(`${detail.workerId}/${detail.stage}`));
    const found = await sharder.predict(inputs);
    const { plan } = sharder;
    return {
      layerCount: sharder.model.layerCount,
      stageCount: plan.split === "layers" ? plan.stages.length : 0,
      workedCount: worked.size,
      gaps: Object.entries(expected).map(([key, output]) => compare(found[key], output as Tensor)),
    };
  } finally {
    await sharder.dispose();
  }
}
