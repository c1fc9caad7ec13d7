import type { BenchModel } from "./bench-models.js";
import { interleave } from "./interleave.js";
import { runOnModels, sizeBatch, type Measured } from "./on-models.js";
import { compareRows, type Suite, type SuiteRequest } from "./report.js";
import { sharderSubject, tfjsLoopSubject, type Subject } from "./subjects.js";

const OPTIMISED = "sharder 1 × wasm";
const AS_IT_CAME = "sharder 1 × wasm, optimize: false";
const LOOP = "tfjs loop in one worker (wasm)";

/** Keras models: TF.js runs their layers one by one. */
const MODELS = ["MobileNet V1 0.5", "teachable-machine-image"];

/**
 * What optimising a model gains: compares one of our workers with a hand-written worker that loops over TF.js's
 * `predict`, and with our own worker without optimisation. They take turns on one core.
 */
export async function runOptimiseSuite(request: SuiteRequest): Promise<Suite> {
  const only = request.only.length > 0 ? request.only : MODELS;
  const suite = await runOnModels("optimise", { ...request, only }, measure);
  const missing = MODELS.filter((name) => !suite.rows.some(({ model }) => model.includes(name)));
  const left = request.only.length > 0 || missing.length === 0 ? [] : [`Not measured: ${missing.join(", ")}.`];
  return { ...suite, notes: [...suite.notes, ...left] };
}

async function measure(model: BenchModel, runs: number, seconds: number): Promise<Measured> {
  const startMs = performance.now();
  const { batch, shardItemCount } = await sizeBatch(model);
  const { itemCount } = batch;
  const wasm = [{ backend: "wasm" }] as const;
  const subjects: Subject[] = [];
  try {
    subjects.push(await sharderSubject(OPTIMISED, model.source, batch, wasm));
    subjects.push(await sharderSubject(AS_IT_CAME, model.source, batch, wasm, { optimize: false }));
    const chunks = [...new Set([Math.round(shardItemCount), 8, 1])];
    const loop = await tfjsLoopSubject(LOOP, model.source, batch, chunks);
    subjects.push(loop);
    loop.prepare?.();
    const reference = await loop.run();
    const left = { runs, seconds: seconds - (performance.now() - startMs) / 1000 };
    const { rows, errors } = await interleave(model.name, itemCount, subjects, reference, left);
    const [optimised, asItCame, tfjs] = rows;
    return {
      rows,
      errors,
      notes: [],
      ratios: {
        optimised_over_tfjs_loop: compareRows(optimised!, tfjs!, { atLeast: 1.8 }),
        optimised_over_as_it_came: compareRows(optimised!, asItCame!),
      },
    };
  } finally {
    for (const subject of subjects) await subject.dispose();
  }
}
