import { createSharder, type Outputs, type Sharder } from "../../index.js";
import { modelSource } from "../bundled-files.js";
import type { Workload } from "../dashboard/host.js";
import { failureText } from "../parts/failure-text.js";
import { openPlainSubjects } from "./plain-subject.js";
import type { Batch, Runner } from "./runner.js";
import { ratesOf, spreadOf, type SpeedResult, type Subject } from "./speed-result.js";

export interface MeasureOptions {
  readonly signal: AbortSignal;
  /** What is being done, for people. */
  readonly onStep: (text: string) => void;
  /** Throws if something else has started, which would falsify the result. */
  readonly checkQuiet: () => void;
}

/** All workers should take about this long for one run, ms. */
const RUN_MS = 1_500;
const MAX_ITEMS = 4_096;
/** Of a run's inputs and outputs, which the page holds. */
const MAX_HELD_BYTES = 256e6;
/** Enough to warm a subject up, and to tell it from slower ones. */
const TRIAL_ITEMS = 16;
const LEAST_ROUNDS = 3;
const MOST_ROUNDS = 5;
/** Runs that differ by more are repeated. */
const STEADY = 0.15;

/**
 * Time the same items on all workers of a sharder, on one worker of its best kind, and on plain TF.js, in turn.
 * @throws ShardError as `predict`; "aborted".
 */
export async function measureSpeed(
  sharder: Sharder,
  workload: Workload,
  options: MeasureOptions,
): Promise<SpeedResult> {
  const { signal, onStep } = options;
  onStep("Warming up");
  const workers = aliveOf(sharder);
  const all: Runner = {
    device: workers.map(({ backend }) => backend).join(", "),
    run: ({ inputs }) => sharder.predict(inputs, { signal }),
    dispose: () => {},
  };
  const batch = await sizeBatch(sharder, workload, workers.length, signal);
  const opened: Runner[] = [];
  try {
    onStep("Starting one worker alone");
    const trial = batchOf(workload, Math.min(batch.itemCount, TRIAL_ITEMS));
    const one = await fastest(await openSingles(sharder, workload, signal, opened), trial, signal);
    onStep("Starting plain TF.js");
    const plain = await openPlainSubjects(workload, sharder.model, batch.itemCount, signal, opened);
    const best = await fastest(plain.runners, trial, signal);
    const runners = [all, one.runner, best.runner].filter((runner) => runner !== undefined);
    const subjects = await takeTurns(runners, batch, options);
    const found = (runner: Runner | undefined): Subject | undefined => runner && subjects.get(runner);
    const problem = best.problem ?? plain.problem;
    return {
      measuredAt: new Date().toISOString(),
      modelName: workload.modelName,
      itemCount: batch.itemCount,
      itemShape: workload.itemShape,
      coreCount: navigator.hardwareConcurrency,
      workers: workers.map(({ backend }) => backend),
      all: subjects.get(all)!,
      one: found(one.runner),
      plain: found(best.runner),
      ...(problem === undefined || best.runner !== undefined ? {} : { plainProblem: problem }),
    };
  } finally {
    for (const runner of opened) runner.dispose();
  }
}

function aliveOf(sharder: Sharder): Sharder["workers"] {
  return sharder.workers.filter(({ state }) => state === "ready" || state === "busy");
}

/** The address of a lent sharder's model comes from its page, which may have named another one. */
function requireSameModel(received: Sharder["model"], expected: Sharder["model"]): void {
  const [was, is] = [expected, received].map(({ inputs, outputs }) => JSON.stringify([inputs, outputs]));
  if (was === is) return;
  throw new Error(
    "Expected the model of this sharder at the address in the attribute “model”, received another one: correct the attribute.",
  );
}

/** As many items as all workers do in about `RUN_MS`. Its first run also warms the workers up. */
async function sizeBatch(
  sharder: Sharder,
  workload: Workload,
  workerCount: number,
  signal: AbortSignal,
): Promise<Batch> {
  const least = Math.max(6, 3 * workerCount);
  const trial = batchOf(workload, least);
  await sharder.predict(trial.inputs, { signal });
  const startMs = performance.now();
  const outputs = await sharder.predict(trial.inputs, { signal });
  const perItemMs = (performance.now() - startMs) / trial.itemCount;
  const heldBytes = bytesOf(outputs) + bytesOf(trial.inputs);
  const perItemBytes = Math.max(1, heldBytes / trial.itemCount);
  const most = Math.max(least, Math.min(MAX_ITEMS, Math.floor(MAX_HELD_BYTES / perItemBytes)));
  return batchOf(workload, Math.min(most, Math.max(least, Math.round(RUN_MS / perItemMs))));
}

/** A model that takes its items in groups gets whole ones. */
function batchOf(workload: Workload, itemCount: number): Batch {
  const inputs = workload.inputs(itemCount);
  const rows = Object.values(inputs).map(({ shape }) => shape[0] ?? 0);
  return { inputs, itemCount: rows.find((count) => count >= itemCount) ?? itemCount };
}

function bytesOf(values: Outputs | Batch["inputs"]): number {
  return Object.values(values)
    .flatMap((value) => (value.dtype === "ragged" ? value.items : [value]))
    .reduce((sum, { data }) => sum + data.length * 4, 0);
}

/** One worker of each backend that takes part. */
async function openSingles(
  sharder: Sharder,
  { model }: Workload,
  signal: AbortSignal,
  opened: Runner[],
): Promise<Runner[]> {
  const kinds = new Map(aliveOf(sharder).map(({ backend, device }) => [backend, device]));
  const runners: Runner[] = [];
  const models: Sharder["model"][] = [];
  for (const [backend, device] of kinds) {
    try {
      const single = await createSharder({ ...modelSource(model), workers: [{ backend }], split: "batch", signal });
      const runner: Runner = {
        device: device === undefined ? backend : `${backend} · ${device}`,
        run: ({ inputs }) => single.predict(inputs, { signal }),
        dispose: () => void single.dispose(),
      };
      opened.push(runner);
      runners.push(runner);
      models.push(single.model);
    } catch (thrown) {
      // A model that fits no single worker has no such baseline.
      if (signal.aborted) throw thrown;
    }
  }
  for (const model of models) requireSameModel(model, sharder.model);
  return runners;
}

/** Warm all of them up, and find the fastest that can run the model, or why the last of them can't. */
async function fastest(
  runners: readonly Runner[],
  batch: Batch,
  signal: AbortSignal,
): Promise<{ readonly runner: Runner | undefined; readonly problem: string | undefined }> {
  let best: { readonly runner: Runner; readonly ms: number } | undefined;
  let problem: string | undefined;
  for (const runner of runners) {
    try {
      await runner.run(batch);
      const ms = runners.length === 1 ? 0 : await timeOf(runner, batch);
      if (best === undefined || ms < best.ms) best = { runner, ms };
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      problem = failureText(thrown);
    }
  }
  return { runner: best?.runner, problem };
}

async function timeOf(runner: Runner, batch: Batch): Promise<number> {
  const startMs = performance.now();
  await runner.run(batch);
  return performance.now() - startMs;
}

/** Round by round, each beginning with another subject, so that what else happens on the machine hits all alike. */
async function takeTurns(
  runners: readonly Runner[],
  batch: Batch,
  { signal, onStep, checkQuiet }: MeasureOptions,
): Promise<Map<Runner, Subject>> {
  const rates = new Map<Runner, number[]>(runners.map((runner) => [runner, []]));
  const isSteady = (): boolean => [...rates.values()].every((values) => spreadOf(ratesOf(values)) <= STEADY);
  for (let round = 0; round < MOST_ROUNDS && (round < LEAST_ROUNDS || !isSteady()); round++) {
    onStep(`Round ${round + 1} of ${Math.max(LEAST_ROUNDS, round + 1)}`);
    for (let turn = 0; turn < runners.length; turn++) {
      const runner = runners[(round + turn) % runners.length]!;
      checkQuiet();
      signal.throwIfAborted();
      const ms = await timeOf(runner, batch);
      rates.get(runner)!.push((1000 * batch.itemCount) / ms);
    }
  }
  return new Map(
    [...rates].map(([runner, values]) => {
      const { device, itemsPerCall } = runner;
      const subject: Subject = { device, rates: ratesOf(values), runCount: values.length };
      return [runner, itemsPerCall === undefined ? subject : { ...subject, itemsPerCall }];
    }),
  );
}
