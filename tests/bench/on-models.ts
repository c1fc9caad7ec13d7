import { createSharder } from "inference-sharder";
import { batchItemCount, bundledModels, itemShapeOf, noiseBatch, type Batch, type BenchModel } from "./bench-models.js";
import { traceJob } from "./job-trace.js";
import { log } from "./log.js";
import type { Ratio, Row, Suite, SuiteRequest } from "./report.js";
import { median, timed } from "./statistics.js";
import { inputOf } from "./sharder-tensors.js";

/** Default of the time that one WASM worker should take for the batch, s. Two workers still take several quanta. */
const RUN_SECONDS = 3;
/** With less time left, it is not worth starting a model. */
const MIN_MODEL_SECONDS = 25;
/** More time would only add rounds. */
const MAX_MODEL_SECONDS = 120;

/** The results of a suite for one model. */
export type Measured = Pick<Suite, "rows" | "notes" | "errors"> & { readonly ratios: Readonly<Record<string, Ratio>> };

type Measure = (model: BenchModel, runs: number, seconds: number) => Promise<Measured>;

/** Measure the bundled models, then those of the request, until the time is up. */
export async function runOnModels(
  suite: string,
  request: SuiteRequest,
  measure: Measure,
  bundled: readonly BenchModel[] = bundledModels(),
): Promise<Suite> {
  const extra = request.extraModels.map(({ name, url }): BenchModel => ({
    name,
    source: url,
    minItemCount: 8,
    maxItemCount: 512,
  }));
  const models = [...bundled, ...extra].filter(
    ({ name }) => request.only.length === 0 || request.only.some((part) => name.includes(part)),
  );
  const endMs = performance.now() + 1000 * request.seconds;
  const rows: Row[] = [];
  const ratios: Record<string, Record<string, Ratio>> = {};
  const notes = [
    `TF.js subjects use what is fastest on their backend: the whole batch, chunks as large as the shards of one WASM worker, or chunks of 1 or 8 items.`,
  ];
  const errors: string[] = [];
  for (const [index, model] of models.entries()) {
    const secondsLeft = (endMs - performance.now()) / 1000;
    if (secondsLeft < MIN_MODEL_SECONDS) {
      notes.push(
        `Left out for the time limit: ${models
          .slice(index)
          .map(({ name }) => name)
          .join(", ")}.`,
      );
      break;
    }
    // Extra models get the time that the bundled ones leave.
    const modelsLeft = bundled.includes(model)
      ? models.slice(index).filter((each) => bundled.includes(each)).length
      : 1;
    const seconds = Math.min(MAX_MODEL_SECONDS, secondsLeft / modelsLeft);
    log(`${model.name}`);
    try {
      const measured = await measure(model, request.runs, seconds);
      rows.push(...measured.rows);
      notes.push(...measured.notes);
      errors.push(...measured.errors);
      for (const [name, ratio] of Object.entries(measured.ratios)) (ratios[name] ??= {})[model.name] = ratio;
    } catch (thrown) {
      // The bundled models must run; a folder may contain models of any kind.
      const reason = `${model.name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
      if (bundled.includes(model)) errors.push(reason);
      else notes.push(`Left out: ${reason}`);
    }
  }
  return { suite, rows, ratios, notes, errors };
}

/** Size a batch by the throughput of one WASM worker, and find the size of its shards. */
export async function sizeBatch(
  model: BenchModel,
  runSeconds = RUN_SECONDS,
): Promise<{ batch: Batch; shardItemCount: number }> {
  const sharder = await createSharder({ model: model.source, workers: [{ backend: "wasm" }] });
  try {
    const itemShape = itemShapeOf(model, sharder.model);
    if (itemShape === undefined) throw new Error("expected a free batch of one float32 input of known size.");
    const trial = noiseBatch(itemShape, Math.min(model.minItemCount, batchItemCount(model, itemShape, Infinity, 1)));
    await sharder.predict(inputOf(trial));
    const { ms } = await timed(() => sharder.predict(inputOf(trial)));
    const itemCount = batchItemCount(model, itemShape, (1000 * trial.itemCount) / ms, runSeconds);
    const batch = noiseBatch(itemShape, itemCount);
    await sharder.predict(inputOf(batch));
    const { completions } = await traceJob(sharder, batch);
    return { batch, shardItemCount: median(completions.map((each) => each.itemCount)) };
  } finally {
    await sharder.dispose();
  }
}
