import { createSharder, type BackendName, type Sharder } from "inference-sharder";
import { slow } from "inference-sharder/faults";
import { randomNet } from "../fixtures/random-net.js";
import { readAdapter } from "./adapter.js";
import { noiseBatch, type Batch } from "./bench-models.js";
import { completedItemCount, observedRate, traceJob, type JobTrace } from "./job-trace.js";
import { log } from "./log.js";
import { medianRatio, mergeRatios, type Row, type Suite, type SuiteRequest } from "./report.js";
import { median, relativeGap, summarise, timed } from "./statistics.js";
import { inputOf } from "./sharder-tensors.js";

const MODEL = "random net 32×32, 6 layers";
const ITEM_SHAPE = [32, 32, 3];
/** Duration of jobs for both workers, s. */
const JOB_SECONDS = 4;
/** Duration of runs on one worker alone, s. */
const ALONE_SECONDS = 1.5;
/** A smaller share is only a few items, so it is reported without a target. */
const MIN_JUDGED_SHARE = 0.05;

const notes = [
  "A gap is |share ÷ throughput's fraction − 1| of the worker where it is largest; planned shares are means over the middle half of the job.",
  "Alone, a worker has all cores; in the job they compete, so its throughput there is what shares must follow.",
];

interface SharesRound {
  readonly itemsPerSecondAlone: readonly number[];
  /** From the completions that the page saw during the job. */
  readonly itemsPerSecondInJob: readonly number[];
  /** `sharder.workers[].itemsPerSecond` at the end of the job. */
  readonly itemsPerSecondLearned: readonly number[];
  /** `sharder.workers[].overheadMs` at the end of the job. */
  readonly overheadMsLearned: readonly number[];
  /** The fraction of the job's items that each worker completed. */
  readonly completedFraction: readonly number[];
  /** Mean planned share over the middle half of the job. */
  readonly plannedShare: readonly number[];
  readonly jobItemsPerSecond: number;
}

/** Compares the shares of two workers of different kinds with their throughputs. */
export async function runSharesSuite({ runs, seconds }: SuiteRequest): Promise<Suite> {
  const { hasRealWebGpu } = await readAdapter();
  const backends: readonly BackendName[] = ["wasm", hasRealWebGpu ? "webgpu" : "webgl"];
  const limits = { runs, seconds: seconds / 2 };
  const asTheyAre = await measureCase(backends, 1, limits);
  const cases = [asTheyAre.suite];
  if (asTheyAre.smallestShare < MIN_JUDGED_SHARE) {
    // A software GPU does a hundredth of the job, which is too little to judge. So the other worker is made about as
    // slow.
    const factor = Math.max(2, Math.round(1 / Math.max(asTheyAre.smallestShare, 0.005) / 3));
    cases.push((await measureCase(backends, factor, limits)).suite);
  }
  return {
    suite: "shares",
    rows: cases.flatMap(({ rows }) => rows),
    ratios: mergeRatios(cases.map(({ ratios }) => ratios)),
    notes,
    errors: [],
    details: cases.map(({ details }) => details),
  };
}

/** @param slowFactor ≥ 1, slows the first worker from its first shard on. */
async function measureCase(
  backends: readonly BackendName[],
  slowFactor: number,
  limits: { runs: number; seconds: number },
): Promise<{ suite: Suite; smallestShare: number }> {
  const model = randomNet({ seed: 5, size: 32, channels: 3, depth: 6, width: 16 });
  const alone = await Promise.all(backends.map((backend) => createSharder({ model, workers: [{ backend }] })));
  const both = await createSharder({ model, workers: backends.map((backend) => ({ backend })) });
  try {
    for (const sharder of [alone[0]!, both]) await slow(sharder.workers[0]!.id, slowFactor);
    const names = backends.map((backend, index) =>
      index === 0 && slowFactor > 1 ? `${backend} ×${slowFactor} slower` : backend,
    );
    return await measureRounds(alone, both, names.join(" + "), limits);
  } finally {
    for (const sharder of [...alone, both]) await sharder.dispose();
  }
}

async function measureRounds(
  alone: readonly Sharder[],
  both: Sharder,
  name: string,
  { runs, seconds }: { runs: number; seconds: number },
): Promise<{ suite: Suite; smallestShare: number }> {
  const endMs = performance.now() + 1000 * seconds;
  const aloneBatches: Batch[] = [];
  for (const sharder of alone) aloneBatches.push(await sizeBatch(sharder, ALONE_SECONDS));
  const batch = await sizeBatch(both, JOB_SECONDS);
  const rounds: SharesRound[] = [];
  for (let round = 0; round < runs; round++) {
    if (round >= 3 && performance.now() > endMs) break;
    const itemsPerSecondAlone: number[] = [];
    for (const [index, sharder] of alone.entries()) {
      itemsPerSecondAlone.push(rateOf(await traceJob(sharder, aloneBatches[index]!)));
    }
    const measured = describeRound(both, await traceJob(both, batch), itemsPerSecondAlone);
    rounds.push(measured);
    const shown = measured.completedFraction.map((share) => share.toFixed(3)).join(" : ");
    log(`shares, ${name}: round ${round + 1} of ${runs}: ${shown}`);
  }
  const smallestShare = median(rounds.map(({ completedFraction }) => Math.min(...completedFraction)));
  return { suite: report(name, smallestShare, batch, aloneBatches, rounds), smallestShare };
}

function describeRound(sharder: Sharder, trace: JobTrace, itemsPerSecondAlone: number[]): SharesRound {
  const ids = sharder.workers.map(({ id }) => id);
  const middle = trace.plans.filter(({ completedItemCount: done }) => {
    const fraction = done / trace.itemCount;
    return fraction >= 0.25 && fraction <= 0.75;
  });
  const meanShare = (id: string): number =>
    middle.reduce((sum, { shares }) => sum + (shares[id] ?? 0), 0) / middle.length;
  return {
    itemsPerSecondAlone,
    itemsPerSecondInJob: ids.map((id) => observedRate(trace, id)),
    itemsPerSecondLearned: sharder.workers.map(({ itemsPerSecond }) => itemsPerSecond ?? NaN),
    overheadMsLearned: sharder.workers.map(({ overheadMs }) => overheadMs ?? NaN),
    completedFraction: ids.map((id) => completedItemCount(trace, id) / trace.itemCount),
    plannedShare: ids.map(meanShare),
    jobItemsPerSecond: rateOf(trace),
  };
}

function report(
  name: string,
  smallestShare: number,
  batch: Batch,
  aloneBatches: readonly Batch[],
  rounds: readonly SharesRound[],
): Suite {
  const model = `${MODEL}, ${name}`;
  const target = smallestShare >= MIN_JUDGED_SHARE ? { atMost: 0.1 } : undefined;
  const gap = (
    shares: keyof SharesRound & `${string}${"Fraction" | "Share"}`,
    rates: keyof SharesRound & `items${string}`,
  ) => rounds.map((round) => largestGap(round[shares], round[rates]));
  const workers = name.split(" + ");
  return {
    suite: "shares",
    rows: [
      ...workers.map((worker, index) =>
        row(
          model,
          `${worker} alone`,
          aloneBatches[index]!,
          rounds.map((round) => round.itemsPerSecondAlone[index]!),
        ),
      ),
      row(
        model,
        "both",
        batch,
        rounds.map(({ jobItemsPerSecond }) => jobItemsPerSecond),
      ),
    ],
    ratios: {
      completed_fraction_gap_to_throughput_in_job: {
        [model]: medianRatio(gap("completedFraction", "itemsPerSecondInJob"), target),
      },
      planned_share_gap_to_throughput_in_job: {
        [model]: medianRatio(gap("plannedShare", "itemsPerSecondInJob"), target),
      },
      planned_share_gap_to_learned_throughput: {
        [model]: medianRatio(gap("plannedShare", "itemsPerSecondLearned")),
      },
      completed_fraction_gap_to_throughput_alone: {
        [model]: medianRatio(gap("completedFraction", "itemsPerSecondAlone")),
      },
    },
    notes: [],
    errors: [],
    details: { case: name, rounds },
  };
}

function largestGap(shares: readonly number[], rates: readonly number[]): number {
  const rateSum = rates.reduce((sum, rate) => sum + rate, 0);
  return Math.max(...shares.map((share, index) => relativeGap(share, rates[index]! / rateSum)));
}

/** Warms up the workers, then finds how many items take `seconds`. */
async function sizeBatch(sharder: Sharder, seconds: number): Promise<Batch> {
  const trial = noiseBatch(ITEM_SHAPE, 64);
  await sharder.predict(inputOf(trial));
  await sharder.predict(inputOf(trial));
  const { ms } = await timed(() => sharder.predict(inputOf(trial)));
  const batch = noiseBatch(ITEM_SHAPE, Math.round(Math.min(4000, Math.max(64, (seconds * 1000 * 64) / ms))));
  await sharder.predict(inputOf(batch));
  return batch;
}

function rateOf({ itemCount, makespanMs }: JobTrace): number {
  return (1000 * itemCount) / makespanMs;
}

function row(model: string, subject: string, { itemCount }: Batch, rates: readonly number[]): Row {
  const shared = { runs: rates.length, runItemsPerSecond: rates };
  return { model, subject, batch: itemCount, itemsPerSecond: summarise(rates), ...shared };
}
