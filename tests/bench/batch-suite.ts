import { createSharder } from "inference-sharder";
import { batchItemCount, bundledModels, itemShapeOf, noiseBatch, type Batch, type BenchModel } from "./bench-models.js";
import { interleave } from "./interleave.js";
import { traceJob } from "./job-trace.js";
import { log } from "./log.js";
import { compareRows, type Ratio, type Row, type Suite, type SuiteRequest } from "./report.js";
import { median, timed } from "./statistics.js";
import { inputOf, sharderSubject, tfjsLoopSubject, tfjsPageSubject, type Subject } from "./subjects.js";
import { pageBackends, TfjsPage, type PageBackend } from "./tfjs-page.js";

const AUTO = "sharder auto";
const ONE_WASM = "sharder 1 × wasm";
const TWO_WASM = "sharder 2 × wasm";
const LOOP = "tfjs loop in one worker (wasm)";
const PAGE_WASM = "tfjs wasm on the page";
const PAGE_BEST = "tfjs page best backend";

/** How long one WASM worker should take for the batch, s: two still take several quanta. */
const RUN_SECONDS = 3;
/** Less time than this is not worth starting a model for. */
const MIN_MODEL_SECONDS = 25;
/** More would be spent on many rounds only. */
const MAX_MODEL_SECONDS = 120;

type Measured = Pick<Suite, "rows" | "notes" | "errors"> & { readonly ratios: Readonly<Record<string, Ratio>> };

/** The sharder against TF.js, on the same batches. */
export function runBatchSuite(request: SuiteRequest): Promise<Suite> {
  return runOnModels("batch", request, measureModel);
}

/**
 * One worker, two workers and the hand-written loop alone. With six engines in turn each idles for a long while, and
 * machines that reclaim idle memory then slow the next run down by more than is to be measured.
 */
export function runScalingSuite(request: SuiteRequest): Promise<Suite> {
  return runOnModels("scaling", request, measureScaling);
}

type Measure = (model: BenchModel, runs: number, seconds: number) => Promise<Measured>;

async function runOnModels(suite: string, request: SuiteRequest, measure: Measure): Promise<Suite> {
  const bundled = bundledModels();
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
    `TF.js subjects use what is fastest on their backend: the whole batch, chunks as large as the shards of "${ONE_WASM}", or chunks of 1 or 8 items.`,
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
    // Extra models get what time the bundled ones leave.
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
      // The bundled models must run; what else lies in a folder may be of any kind.
      const reason = `${model.name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
      if (bundled.includes(model)) errors.push(reason);
      else notes.push(`Left out: ${reason}`);
    }
  }
  return { suite, rows, ratios, notes, errors };
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
    loop.prepare?.();
    const reference = await loop.run();
    const left = { runs, seconds: seconds - (performance.now() - startMs) / 1000 };
    const { rows, errors } = await interleave(model.name, itemCount, subjects, reference, left);
    const { two_wasm_over_one_wasm, one_worker_sharder_over_tfjs_loop } = ratiosOf(rows);
    const ratios = {
      two_wasm_over_one_wasm: two_wasm_over_one_wasm!,
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

/** Find a batch of a second or so by the throughput of one WASM worker, and the size of its shards. */
async function sizeBatch(model: BenchModel): Promise<{ batch: Batch; shardItemCount: number }> {
  const sharder = await createSharder({ model: model.source, workers: [{ backend: "wasm" }] });
  try {
    const itemShape = itemShapeOf(model, sharder.model);
    if (itemShape === undefined) throw new Error("expected a free batch of one float32 input of known size.");
    const trial = noiseBatch(itemShape, Math.min(model.minItemCount, batchItemCount(model, itemShape, Infinity, 1)));
    await sharder.predict(inputOf(trial));
    const { ms } = await timed(() => sharder.predict(inputOf(trial)));
    const itemCount = batchItemCount(model, itemShape, (1000 * trial.itemCount) / ms, RUN_SECONDS);
    const batch = noiseBatch(itemShape, itemCount);
    await sharder.predict(inputOf(batch));
    const { completions } = await traceJob(sharder, batch);
    return { batch, shardItemCount: median(completions.map((each) => each.itemCount)) };
  } finally {
    await sharder.dispose();
  }
}

/** By one or a few items after a warm-up: enough to tell backends apart that differ by factors. */
async function fastestPageBackend(model: BenchModel, batch: Batch): Promise<{ best: PageBackend; notes: string[] }> {
  const rates: { backend: PageBackend; itemsPerSecond: number }[] = [];
  const notes: string[] = [];
  for (const backend of await pageBackends()) {
    const page = await TfjsPage.load(backend, model.source);
    try {
      const one = noiseBatch(batch.itemShape, 1);
      await page.run(one, 1);
      const { ms } = await timed(() => page.run(one, 1));
      // As many items as are done in half a second, since GPUs gain most from larger batches.
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
