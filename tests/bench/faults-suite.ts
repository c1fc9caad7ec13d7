import { createSharder } from "inference-sharder";
import { kill } from "inference-sharder/faults";
import { noiseBatch, type Batch, type BenchModel } from "./bench-models.js";
import { interleave } from "./interleave.js";
import { observedRate, traceJob, type JobTrace } from "./job-trace.js";
import { log } from "./log.js";
import { runOnModels, sizeBatch, type Measured } from "./on-models.js";
import { compareRows, medianRatio, type Row, type Suite, type SuiteRequest } from "./report.js";
import { inputOf } from "./sharder-tensors.js";
import { sharderSubject, tfjsLoopSubject, type Subject } from "./subjects.js";

const WASM = { backend: "wasm" } as const;
const ONE = "sharder 1 × wasm";
const UNCHECKED = "sharder 1 × wasm, verify: false";
const LOOP = "tfjs loop in one worker (wasm)";
/** A worker is killed once this fraction of the job is done. */
const KILLED_AT_FRACTION = 0.35;
/** The job that loses a worker is this many times as long as a batch of the other subjects. */
const LONG_JOB_FACTOR = 4;
const MIN_KILLS = 3;

/** What faults cost: nothing while none happens, and little beyond the lost capacity when a worker dies. */
export function runFaultsSuite(request: SuiteRequest): Promise<Suite> {
  return runOnModels("faults", request, measure);
}

async function measure(model: BenchModel, runs: number, seconds: number): Promise<Measured> {
  const startMs = performance.now();
  const { batch, shardItemCount } = await sizeBatch(model);
  const subjects: Subject[] = [];
  try {
    subjects.push(await sharderSubject(ONE, model.source, batch, [WASM]));
    subjects.push(await sharderSubject(UNCHECKED, model.source, batch, [WASM], { verify: false }));
    const loop = await tfjsLoopSubject(LOOP, model.source, batch, [Math.round(shardItemCount), batch.itemCount]);
    subjects.push(loop);
    loop.prepare?.();
    const reference = await loop.run();
    const { rows, errors } = await interleave(model.name, batch.itemCount, subjects, reference, {
      runs,
      seconds: seconds / 2,
    });
    const named = (name: string): Row => rows.find(({ subject }) => subject === name)!;
    const kills: KilledRound[] = [];
    while (kills.length < runs && (kills.length < MIN_KILLS || performance.now() - startMs < 1_000 * seconds)) {
      kills.push(await killedRound(model, batch));
      log(`  ${model.name}: killed ${kills.length} of ${runs}: ${kills.at(-1)!.makespanOverOptimum.toFixed(3)}`);
    }
    return {
      rows,
      errors,
      notes: [
        `${model.name}: a killed worker's optimum is the time until then, and what remained at the rate of the other until it was back, then of both; what it had under way is computed again.`,
      ],
      ratios: {
        one_worker_sharder_over_tfjs_loop: compareRows(named(ONE), named(LOOP), { atLeast: 0.97 }),
        checked_over_unchecked: compareRows(named(ONE), named(UNCHECKED), { atLeast: 0.99 }),
        killed_makespan_over_optimum: medianRatio(
          kills.map(({ makespanOverOptimum }) => makespanOverOptimum),
          { atMost: 1.1 },
        ),
        ms_until_back: medianRatio(
          kills.map(({ backMs }) => backMs),
          { atMost: 3_000 },
        ),
      },
    };
  } finally {
    for (const subject of subjects) await subject.dispose();
  }
}

interface KilledRound {
  readonly makespanOverOptimum: number;
  /** From the kill until the worker was ready again, its model loaded; Infinity if it never was during the job. */
  readonly backMs: number;
}

/** On a sharder of its own, since a worker that ends again and again comes back ever later. */
async function killedRound({ source }: BenchModel, { itemShape, itemCount }: Batch): Promise<KilledRound> {
  const sharder = await createSharder({ model: source, workers: [WASM, WASM], split: "batch" });
  try {
    await sharder.predict(inputOf(noiseBatch(itemShape, itemCount)));
    const [killed, other] = sharder.workers.map(({ id }) => id);
    let killedAtMs: number | undefined;
    let backAtMs = Infinity;
    let now = (): number => 0;
    sharder.addEventListener("worker", ({ detail }) => {
      if (detail.workerId === killed && detail.state === "ready" && killedAtMs !== undefined) {
        backAtMs = Math.min(backAtMs, now());
      }
    });
    const job = noiseBatch(itemShape, LONG_JOB_FACTOR * itemCount);
    const trace = await traceJob(sharder, job, (fraction, elapsedMs) => {
      now = elapsedMs;
      if (fraction < KILLED_AT_FRACTION || killedAtMs !== undefined) return;
      killedAtMs = elapsedMs();
      kill(killed!);
    });
    const optimumMs = optimumOf(trace, killedAtMs!, backAtMs, killed!, other!);
    return { makespanOverOptimum: trace.makespanMs / optimumMs, backMs: backAtMs - killedAtMs! };
  } finally {
    await sharder.dispose();
  }
}

function optimumOf(trace: JobTrace, killedAtMs: number, backAtMs: number, killed: string, other: string): number {
  const doneCount = trace.completions.reduce(
    (sum, { atMs, itemCount }) => sum + (atMs <= killedAtMs ? itemCount : 0),
    0,
  );
  const both = (observedRate(trace, killed, 0, killedAtMs) + observedRate(trace, other, 0, killedAtMs)) / 1_000;
  // While it is alone, it has the machine for itself.
  const alone = observedRate(trace, other, killedAtMs, backAtMs) / 1_000 || both / 2;
  const left = trace.itemCount - doneCount;
  const aloneCount = Math.min(left, alone * (backAtMs - killedAtMs));
  return killedAtMs + aloneCount / alone + (left - aloneCount) / both;
}
