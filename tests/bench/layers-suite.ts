import type { Sharder } from "inference-sharder";
import { randomNet } from "../fixtures/random-net.js";
import { bundledModels, type BenchModel } from "./bench-models.js";
import { interleave } from "./interleave.js";
import { runOnModels, sizeBatch, type Measured } from "./on-models.js";
import { compareRows, medianRatio, type Suite, type SuiteRequest } from "./report.js";
import { measureRecut, type Recut } from "./recut.js";
import { sharderSubject, tfjsLoopPairSubject, type Subject } from "./subjects.js";

const ONE = "sharder 1 × wasm, whole";
const LAYERS = "sharder 2 × wasm, layers";
const BATCH = "sharder 2 × wasm, batch";
const PAIR = "2 tfjs loops side by side (wasm), half the batch each";

/** Pipelines are for long jobs and streams, so that filling and draining should not dominate the measurement. */
const RUN_SECONDS = 8;

/** A cut is balanced if the slower of two stages takes at most this fraction of the whole. */
const BALANCED = 0.53;

/** Compares two workers with a stage each with one worker, and with two, that hold the whole model. */
export function runLayersSuite(request: SuiteRequest): Promise<Suite> {
  return runOnModels("layers", request, measureLayers, [balancedModel(), ...bundledModels()]);
}

/** Equal convolutions with small tensors between them. */
function balancedModel(): BenchModel {
  return {
    name: "24 convolutions 24×24×32",
    source: randomNet({ seed: 5, size: 24, channels: 3, depth: 24, width: 32 }),
    minItemCount: 64,
    maxItemCount: 2048,
  };
}

async function measureLayers(model: BenchModel, runs: number, seconds: number): Promise<Measured> {
  const startMs = performance.now();
  const { batch, shardItemCount } = await sizeBatch(model, RUN_SECONDS);
  const two = [{ backend: "wasm" }, { backend: "wasm" }] as const;
  const subjects: Subject[] = [];
  try {
    const one = await sharderSubject(ONE, model.source, batch, [{ backend: "wasm" }]);
    const layers = await sharderSubject(LAYERS, model.source, batch, two, { split: "layers" });
    subjects.push(one, layers, await sharderSubject(BATCH, model.source, batch, two));
    subjects.push(await tfjsLoopPairSubject(PAIR, model.source, batch, Math.round(shardItemCount)));
    const reference = await one.run();
    const left = { runs, seconds: seconds - (performance.now() - startMs) / 1000 };
    const { rows, errors } = await interleave(model.name, batch.itemCount, subjects, reference, left);
    const [oneRow, layersRow, batchRow] = rows;
    const bound = boundOf(layers.sharder);
    const isBalanced = 1 / bound <= BALANCED;
    const plain = compareRows(layersRow!, oneRow!, isBalanced ? { atLeast: 1.75 } : { atLeast: 0.9 * bound });
    const stages = describeStages(layers.sharder);
    const notes = [
      `${model.name}: the best cut into two allows ${bound.toFixed(2)} × one worker by the measured layer costs; it ran as ${stages}.`,
    ];
    const recuts: Recut[] = [];
    for (let run = 0; run < Math.min(3, runs); run++) {
      recuts.push(await measureRecut(model.source, batch.itemShape, batch.itemCount));
    }
    notes.push(
      `${model.name}, one worker ×4 slower in mid-job: ${recuts.map((each) => `${each.recutCount} moves, ${each.stages}`).join("; ")}.`,
    );
    const ratios = {
      layers_over_one_worker: plain,
      layers_over_batch: compareRows(layersRow!, batchRow!),
      after_slowdown_over_optimum: medianRatio(
        recuts.map(({ overOptimum }) => overOptimum),
        { atLeast: 0.85 },
      ),
    };
    return { rows, errors, notes, ratios };
  } finally {
    for (const subject of subjects) await subject.dispose();
  }
}

/** Time of all layers ÷ time of the slower stage, for the best cut into two. */
function boundOf({ model }: Sharder): number {
  const costs = model.layers.map(({ ms }) => ms ?? NaN);
  const total = costs.reduce((sum, ms) => sum + ms, 0);
  let best = Infinity;
  let before = 0;
  for (const ms of costs) {
    best = Math.min(best, Math.max(before, total - before));
    before += ms;
  }
  return total / best;
}

function describeStages({ plan }: Sharder): string {
  if (plan.split !== "layers") return "a batch";
  return plan.stages
    .map(({ firstLayer, lastLayer, ms }) => `layers ${firstLayer}–${lastLayer} (${ms?.toFixed(1) ?? "?"} ms)`)
    .join(" | ");
}
