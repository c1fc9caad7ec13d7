import { noiseBatch, type Batch, type BenchModel } from "./bench-models.js";
import { interleave } from "./interleave.js";
import { runOnModels, sizeBatch, type Measured } from "./on-models.js";
import { compareRows, type Ratio, type Row, type Suite, type SuiteRequest } from "./report.js";
import { timed } from "./statistics.js";
import { sharderSubject, tfjsLoopPairSubject, tfjsLoopSubject, tfjsPageSubject, type Subject } from "./subjects.js";
import { pageBackends, TfjsPage, type PageBackend } from "./tfjs-page.js";

const AUTO = "sharder auto";
const ONE_WASM = "sharder 1 × wasm";
const TWO_WASM = "sharder 2 × wasm";
const LOOP = "tfjs loop in one worker (wasm)";
const LOOP_PAIR = "2 tfjs loops side by side (wasm), half the batch each";
const PAGE_WASM = "tfjs wasm on the page";
const PAGE_BEST = "tfjs page best backend";

/** Compares the sharder with TF.js on the same batches. */
export function runBatchSuite(request: SuiteRequest): Promise<Suite> {
  return runOnModels("batch", request, measureModel);
}

/**
 * Only one worker, two workers and the hand-written loops. With six engines in turn, each idles for a long time. On
 * machines that reclaim idle memory, that slows down the next run by more than the differences to measure.
 */
export function runScalingSuite(request: SuiteRequest): Promise<Suite> {
  return runOnModels("scaling", request, measureScaling);
}

async function measureModel(model: BenchModel, runs: number, seconds: number): Promise<Measured> {
  const startMs = performance.now();
  const { batch, shardItemCount } = await sizeBatch(model);
  const { itemCount } = batch;
  const chunks = [...new Set([Math.round(shardItemCount), itemCount, 8, 1].filter((count) => count <= itemCount))];
  const { best, notes } = await fastestPageBackend(model, batch);

  const subjects: Subject[] = [];
  try {
    subjects.push(await sharderSubject(AUTO, model.source, batch, "auto"));
    subjects.push(await sharderSubject(ONE_WASM, model.source, batch, [{ backend: "wasm" }]));
    if (navigator.hardwareConcurrency >= 2) {
      subjects.push(await sharderSubject(TWO_WASM, model.source, batch, [{ backend: "wasm" }, { backend: "wasm" }]));
    }
    subjects.push(await tfjsLoopSubject(LOOP, model.source, batch, chunks));
    const wasmChunk = subjects.at(-1)!.chunkItemCount();
    const pageWasm = await tfjsPageSubject(PAGE_WASM, model.source, batch, "wasm", [wasmChunk]);
    subjects.push(pageWasm);
    if (best !== "wasm") {
      subjects.push(await tfjsPageSubject(`${PAGE_BEST} (${best})`, model.source, batch, best, chunks));
    }
    notes.push(...subjects.flatMap((subject) => noteOfChunks(model, subject)));
    const reference = await pageWasm.run();
    const secondsLeft = seconds - (performance.now() - startMs) / 1000;
    const { rows, errors } = await interleave(model.name, itemCount, subjects, reference, {
      runs,
      seconds: secondsLeft,
    });
    if (best === "wasm") {
      const same = rows.find(({ subject }) => subject === PAGE_WASM)!;
      rows.push({ ...same, subject: `${PAGE_BEST} (wasm)` });
      notes.push(`${model.name}: the page's best backend is wasm, so both rows are the same runs.`);
    }
    return { rows, errors, notes, ratios: ratiosOf(rows) };
  } finally {
    for (const subject of subjects) await subject.dispose();
  }
}

async function measureScaling(model: BenchModel, runs: number, seconds: number): Promise<Measured> {
  const startMs = performance.now();
  const { batch, shardItemCount } = await sizeBatch(model);
  const { itemCount } = batch;
  const subjects: Subject[] = [];
  try {
    subjects.push(await sharderSubject(ONE_WASM, model.source, batch, [{ backend: "wasm" }]));
    subjects.push(await sharderSubject(TWO_WASM, model.source, batch, [{ backend: "wasm" }, { backend: "wasm" }]));
    const loop = await tfjsLoopSubject(LOOP, model.source, batch, [Math.round(shardItemCount), itemCount]);
    subjects.push(loop);
    subjects.push(await tfjsLoopPairSubject(LOOP_PAIR, model.source, batch, loop.chunkItemCount()));
    loop.prepare?.();
    const reference = await loop.run();
    const left = { runs, seconds: seconds - (performance.now() - startMs) / 1000 };
    const { rows, errors } = await interleave(model.name, itemCount, subjects, reference, left);
    const named = (name: string): Row => rows.find(({ subject }) => subject === name)!;
    const { two_wasm_over_one_wasm, one_worker_sharder_over_tfjs_loop } = ratiosOf(rows);
    const ratios = {
      two_wasm_over_one_wasm: two_wasm_over_one_wasm!,
      // What two unconnected engines gain on this machine: the upper bound of the ratio above.
      two_loops_over_one_loop: compareRows(named(LOOP_PAIR), named(LOOP)),
      two_wasm_over_two_loops: compareRows(named(TWO_WASM), named(LOOP_PAIR)),
      one_worker_sharder_over_tfjs_loop: one_worker_sharder_over_tfjs_loop!,
    };
    return { rows, errors, notes: noteOfChunks(model, loop), ratios };
  } finally {
    for (const subject of subjects) await subject.dispose();
  }
}

function noteOfChunks({ name }: BenchModel, { name: subject, triedChunks = {} }: Subject): string[] {
  const tried = Object.entries(triedChunks).map(([count, rate]) => `${count}: ${rate.toFixed(1)}`);
  return tried.length === 0 ? [] : [`${name}, ${subject}: items/s by items per call: ${tried.join(", ")}.`];
}

function ratiosOf(rows: readonly Row[]): Record<string, Ratio> {
  const named = (name: string): Row | undefined => rows.find(({ subject }) => subject === name);
  const ratios: Record<string, Ratio> = {};
  const one = named(ONE_WASM)!;
  const two = named(TWO_WASM);
  if (two !== undefined) ratios["two_wasm_over_one_wasm"] = compareRows(two, one, { atLeast: 1.85 });
  ratios["one_worker_sharder_over_tfjs_loop"] = compareRows(one, named(LOOP)!, { atLeast: 0.97 });
  const tfjs = rows.filter(({ subject }) => subject.startsWith("tfjs"));
  const best = tfjs.reduce((a, b) => (b.itemsPerSecond.median > a.itemsPerSecond.median ? b : a));
  const auto = named(AUTO);
  if (auto !== undefined) ratios["auto_over_best_tfjs"] = compareRows(auto, best);
  return ratios;
}

/** Measures one or a few items after a warm-up, which suffices to distinguish backends that differ by factors. */
async function fastestPageBackend(model: BenchModel, batch: Batch): Promise<{ best: PageBackend; notes: string[] }> {
  const rates: { backend: PageBackend; itemsPerSecond: number }[] = [];
  const notes: string[] = [];
  for (const backend of await pageBackends()) {
    const page = await TfjsPage.load(backend, model.source);
    try {
      const one = noiseBatch(batch.itemShape, 1);
      await page.run(one, 1);
      const { ms } = await timed(() => page.run(one, 1));
      // As many items as take half a second, since GPUs gain most from large batches.
      const count = Math.max(1, Math.min(batch.itemCount, Math.floor(500 / ms)));
      const some = noiseBatch(batch.itemShape, count);
      if (count > 1) await page.run(some, count);
      const again = await timed(() => page.run(some, count));
      rates.push({ backend, itemsPerSecond: (1000 * count) / again.ms });
    } catch (thrown) {
      notes.push(`${model.name}: ${backend} on the page can't run it (${String(thrown)}).`);
    } finally {
      await page.dispose();
    }
  }
  rates.sort((a, b) => b.itemsPerSecond - a.itemsPerSecond);
  const shown = rates.map(({ backend, itemsPerSecond }) => `${backend} ${itemsPerSecond.toFixed(1)}`).join(", ");
  notes.push(`${model.name}: tried on the page: ${shown} items/s.`);
  return { best: rates[0]!.backend, notes };
}
