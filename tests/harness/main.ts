import {
  createSharder,
  testServer,
  deleteJournal,
  exportJournal,
  fetchLabels,
  inspectJournal,
  listJournals,
  predictPictures,
  readLabels,
  ShardError,
  streamPictures,
  topK,
  type ModelArtifacts,
  type Outputs,
  type OutputValue,
  type Tensor,
} from "inference-sharder";
import * as faults from "inference-sharder/faults";
import { planTiles } from "../../src/core/tiles.js";
import { createModelMemory } from "../../src/sharder/memory/model-memory.js";
import { upscalePicture } from "../../src/jobs/upscale-picture.js";
import { echoNet } from "../fixtures/echo-net.js";
import { einsumNet } from "../fixtures/einsum-net.js";
import { kerasNet } from "../fixtures/keras-net.js";
import * as mixingNets from "../fixtures/mixing-nets.js";
import { onnxTwin } from "../fixtures/onnx-twin.js";
import { randomNet } from "../fixtures/random-net.js";
import { kerasRecurrent } from "../bench/recurrent-models.js";
import { dealFaults, planChaos } from "../chaos/page/plan-chaos.js";
import { runScenario } from "../chaos/page/run-scenario.js";
import { checkCase } from "../conformance/check-case.js";
import { checkOnEngines } from "../conformance/check-engines.js";
import { checkModel } from "../conformance/check-model.js";
import { checkTranslated } from "../conformance/check-translated.js";
import { runWorkerApiCase, runWorkerLinkCase } from "./contracts.js";
import { reloadAgainAndAgain } from "./engine-memory.js";
import { runDamaged } from "./fuzz-model.js";
import { runWhole, saveModel } from "./oracle.js";
import { overlapEvents } from "./overlap.js";
import * as pictures from "./pictures.js";
import { stitchedDifference } from "./stitch.js";
import { runByLayers } from "./layer-runs.js";
import { runSaved, savedBytes, savedCase, savedFile, type SavedFormat } from "./saved-models.js";
import { runTeachable } from "./teachable.js";
import { runTranslated, type TranslatedRequest } from "./translated.js";
import { watchedSharder } from "./watched-sharder.js";
import { runAgainAndAgain, tryInMemory } from "./worker-memory.js";

/** Describe a rejection as a record that can leave the page. */
async function failureOf(
  run: () => Promise<unknown>,
): Promise<{ name: string; code: string; message: string } | undefined> {
  try {
    await run();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof ShardError)) return { name: "not a ShardError", code: "", message: String(thrown) };
    return { name: thrown.name, code: thrown.code, message: thrown.message };
  }
}

/** max|a − b| ÷ max|b|; infinite if shapes or dtypes differ. */
function difference(a: OutputValue | undefined, b: Tensor): number {
  if (a === undefined || a.dtype === "ragged" || a.dtype !== b.dtype || a.shape.join() !== b.shape.join())
    return Infinity;
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < b.data.length; i++) {
    largest = Math.max(largest, Math.abs(Number(b.data[i])));
    // A maximum would ignore NaN.
    const gap = Math.abs(Number(a.data[i]) - Number(b.data[i]));
    worst = Math.max(worst, Number.isNaN(gap) ? Infinity : gap);
  }
  if (worst > 0) return worst / largest;
  // A zero of the other sign is not bit-identical.
  return b.data.every((value: unknown, i: number) => Object.is(a.data[i], value)) ? 0 : Number.MIN_VALUE;
}

/** Seeded noise in 0…1 (mulberry32). */
function noise(length: number, seed: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  });
}

function float32(shape: number[], seed = 1): Tensor {
  const length = shape.reduce((product, size) => product * size, 1);
  return { dtype: "float32", shape, data: noise(length, seed) };
}

/** A net whose second input must have 4 columns, although its file allows any number. With others the model fails. */
function misfittingNet(): ModelArtifacts {
  const model = randomNet({ seed: 8, sideInput: true });
  const graph = model.modelTopology as { node: { name: string; attr: { shape: { shape: object } } }[] };
  graph.node.find((node) => node.name === "shift")!.attr.shape.shape = { dim: [{ size: "-1" }, { size: "-1" }] };
  // The rows of `shift` can be broadcast to the picture's channels only in an item-by-item run.
  return { ...model, signature: undefined };
}

const harness = {
  overlapEvents,
  createSharder,
  testServer,
  watchedSharder,
  ShardError,
  ...faults,
  predictPictures,
  streamPictures,
  fetchLabels,
  readLabels,
  topK,
  listJournals,
  inspectJournal,
  deleteJournal,
  exportJournal,
  pictures,
  runTeachable,
  runSaved: (format: SavedFormat, name: string, options: Parameters<typeof runSaved>[1], repeat?: number) =>
    runSaved([format, name], options, difference, repeat),
  savedBytes,
  runByLayers: (saved: Parameters<typeof runByLayers>[0], options: Parameters<typeof runByLayers>[1] = {}) =>
    runByLayers(saved, options, difference),
  savedCase,
  savedFile,
  runTranslated: (request: TranslatedRequest) => runTranslated(request, difference, float32),
  upscalePicture,
  planTiles,
  createModelMemory,
  runWhole,
  runDamaged,
  runWorkerApiCase,
  runWorkerLinkCase,
  planChaos,
  dealFaults,
  runScenario,
  tryInMemory,
  runAgainAndAgain,
  reloadAgainAndAgain,
  checkModel,
  checkCase,
  checkOnEngines,
  checkTranslated,
  saveModel,
  stitchedDifference,
  randomNet,
  onnxTwin,
  einsumNet,
  misfittingNet,
  kerasNet,
  kerasRecurrent,
  mixingNets,
  echoNet,
  failureOf,
  difference,
  noise,
  float32,
  /** Replaced by tests that need work of some milliseconds per item. */
  heavyNet: (): ModelArtifacts => randomNet({ seed: 1 }),
  heavyItems: (count: number, seed = 1): Tensor => float32([count, 8, 8, 3], seed),
};
export type Harness = typeof harness;
export type { Outputs };

declare global {
  // Tests use it inside `page.evaluate`.
  var harness: Harness;
}
globalThis.harness = harness;
