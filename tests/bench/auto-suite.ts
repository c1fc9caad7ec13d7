import type { WorkerSpec } from "inference-sharder";
import type { Batch, BenchModel } from "./bench-models.js";
import { interleave } from "./interleave.js";
import { log } from "./log.js";
import { runOnModels, sizeBatch, type Measured } from "./on-models.js";
import { compareRows, type Row, type Suite, type SuiteRequest } from "./report.js";
import { timed } from "./statistics.js";
import { sharderSubject, tfjsPageSubject, type Subject } from "./subjects.js";

const AUTO = "sharder auto, once it has chosen";
/** Sets that reach less than this part of the best one in their first run are not measured any further. */
const HOPEFUL_PART = 0.7;
/** A job of a set that takes so many times as long as that of the quickest one so far is not waited for. */
const PATIENCE_FACTOR = 4;
/** So long `auto` works before it is measured, s: its trials may cost a twentieth of the time. */
const CHOOSING_SECONDS = 30;

/** Compares the workers that `workers: "auto"` chooses with every set of 0–3 WASM, 0–1 WebGL and 0–1 WebGPU workers. */
export function runAutoSuite(request: SuiteRequest): Promise<Suite> {
  return runOnModels("auto", request, measureModel);
}

/** All sets but the empty one; those with fewer kinds first. */
function allSets(): WorkerSpec[][] {
  const sets: WorkerSpec[][] = [];
  for (const [webgl, webgpu] of [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ]) {
    for (let wasm = 0; wasm <= 3; wasm++) {
      const repeat = (backend: WorkerSpec["backend"], count: number) =>
        Array.from({ length: count }, () => ({ backend }));
      const set = [...repeat("wasm", wasm), ...repeat("webgl", webgl!), ...repeat("webgpu", webgpu!)];
      if (set.length > 0) sets.push(set);
    }
  }
  return sets;
}

async function measureModel(model: BenchModel, runs: number, seconds: number): Promise<Measured> {
  const startMs = performance.now();
  const { batch } = await sizeBatch(model);
  const subjects: Subject[] = [];
  try {
    const { hopeful, notes } = await findHopeful(model, batch);
    subjects.push(...hopeful);
    const auto = await sharderSubject(AUTO, model.source, batch, "auto");
    subjects.push(auto);
    const untilMs = performance.now() + 1000 * CHOOSING_SECONDS;
    while (performance.now() < untilMs) await auto.run();
    notes.push(
      ...auto.sharder.workers.map(({ id, choice }) => `${model.name}, ${id}: ${choice?.reason ?? "not ready"}.`),
    );
    const page = await tfjsPageSubject("tfjs wasm on the page", model.source, batch, "wasm", [8, 1]);
    const reference = await page.run();
    await page.dispose();
    const left = { runs, seconds: seconds - (performance.now() - startMs) / 1000 };
    const { rows, errors } = await interleave(model.name, batch.itemCount, subjects, reference, left);
    return { rows, errors, notes, ratios: ratiosOf(rows) };
  } finally {
    for (const subject of subjects) await subject.dispose();
  }
}

/** Run a job on every set once, and keep the sets that could be the best. */
async function findHopeful(model: BenchModel, batch: Batch) {
  const tried: { subject: Subject; ms: number }[] = [];
  const notes: string[] = [];
  let bestMs = Infinity;
  for (const set of allSets()) {
    const name = set.map(({ backend }) => backend).join(" + ");
    const subject = await sharderSubject(name, model.source, batch, set, { remember: false });
    const patienceMs = PATIENCE_FACTOR * bestMs;
    // The first run compiles, and finds the sizes of shards.
    const work = async () => {
      await subject.run();
      return timed(() => subject.run());
    };
    const ms = await Promise.race([
      work().then((found) => found.ms),
      new Promise<number>(
        (resolve) => void (2 * patienceMs < 2 ** 31 && setTimeout(() => resolve(Infinity), 2 * patienceMs)),
      ),
    ]).catch(() => Infinity);
    log(
      `  ${model.name}: ${name}: ${ms < Infinity ? `${((1000 * batch.itemCount) / ms).toFixed(1)} items/s` : "not waited for"}`,
    );
    bestMs = Math.min(bestMs, ms);
    if (ms * HOPEFUL_PART > bestMs) {
      await subject.dispose();
      notes.push(
        `${model.name}: ${name} reached less than ${HOPEFUL_PART} of the best set in its first job, and was not measured any further.`,
      );
    } else {
      tried.push({ subject, ms });
    }
  }
  const hopeful = tried.filter(({ ms }) => ms * HOPEFUL_PART <= bestMs).map(({ subject }) => subject);
  for (const { subject } of tried) if (!hopeful.includes(subject)) await subject.dispose();
  return { hopeful, notes };
}

function ratiosOf(rows: readonly Row[]) {
  const auto = rows.find(({ subject }) => subject === AUTO)!;
  const sets = rows.filter((row) => row !== auto);
  const best = (among: readonly Row[]): Row =>
    among.reduce((a, b) => (b.itemsPerSecond.median > a.itemsPerSecond.median ? b : a));
  const single = sets.filter(({ workers }) => workers?.length === 1);
  return {
    auto_over_best_subset: compareRows(auto, best(sets), { atLeast: 0.97 }),
    ...(single.length === 0 ? {} : { auto_over_best_single_worker: compareRows(auto, best(single), { atLeast: 1 }) }),
  };
}
