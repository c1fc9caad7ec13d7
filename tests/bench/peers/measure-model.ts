import { interleave } from "../interleave.js";
import { log } from "../log.js";
import type { Row } from "../report.js";
import { median } from "../statistics.js";
import type { Subject } from "../subjects.js";
import { fastestTrial, maxItemCount, sweepVariants, type Sweep, type Trial } from "./choose-variant.js";
import { PageWatch, type PageThread } from "./page-thread.js";
import { readPeerModel, readSamples, repeatItems, type PeerModel, type Samples, type Variant } from "./peer-model.js";
import { commonQuantum, ownItemCount, runItemCount } from "./run-size.js";
import { SharderRunner } from "./sharder-runner.js";
import type { Runner } from "./runner.js";
import { peerSubjects, type Peer, type PeerSubject } from "./subjects.js";

export interface PeerRow extends Row, PageThread {
  readonly peer: Peer;
  readonly format: string;
  /** Of a subject that finds it out: what it has found. */
  readonly engine?: string | undefined;
}

/** All about one model but the first results, which need pages of their own. */
export interface MeasuredModel {
  readonly title: string;
  readonly madeBy: string;
  readonly rows: readonly PeerRow[];
  readonly errors: readonly string[];
  readonly sweeps: Readonly<Record<string, Sweep>>;
  /** What each subject that was timed runs, by its name, for the measurement of its first result. */
  readonly chosen: Readonly<Record<string, Variant>>;
}

interface Ready {
  readonly subject: PeerSubject;
  readonly runner: Runner;
  readonly trial: Trial;
  readonly watch: PageWatch;
}

/** Find out what each subject is fastest with, then run all of them in turn on the same items. */
export async function measureModel(name: string, limits: { runs: number; seconds: number }): Promise<MeasuredModel> {
  const model = await readPeerModel(name);
  const samples = await readSamples(model);
  const ready: Ready[] = [];
  const sweeps: Record<string, Sweep> = {};
  const errors: string[] = [];
  try {
    for (const subject of await peerSubjects()) {
      log(`  ${model.title}: ${subject.name}`);
      const { sweep, opened } = await prepare(subject, model, samples);
      sweeps[subject.name] = sweep;
      if (opened !== undefined) ready.push(opened);
      else if (subject.peer === "sharder" && subject.mayRefuse !== true)
        errors.push(`${model.title}: ${subject.name}: ${reasonsOf(sweep)}`);
    }
    const quantum = commonQuantum(ready.map(({ subject, trial }) => partItemCount(subject, trial.variant)));
    const rates = ready.map(({ trial }) => trial.itemsPerSecond);
    const itemCount = runItemCount(rates, quantum, maxItemCount(model.itemShape));
    const reference = [repeatItems(samples.outputs, samples.count, itemCount)];
    const items = repeatItems(samples.inputs, samples.count, itemCount);
    const subjects = ready.map((each) => {
      const { subject, trial } = each;
      // The rate of fixed calls is the same for fewer items. The sharder's shards grow with its job, so it gets the whole one.
      const ownCount = subject.takesCallSize
        ? ownItemCount(trial.itemsPerSecond, partItemCount(subject, trial.variant), itemCount)
        : itemCount;
      return timedSubject(each, items.subarray(0, (items.length / itemCount) * ownCount), ownCount);
    });
    const interleaved = await interleave(model.title, itemCount, subjects, reference, limits);
    const rows = interleaved.rows.map((row, index): PeerRow => {
      const { subject, runner, trial, watch } = ready[index]!;
      const engine = runner instanceof SharderRunner ? runner.foundEngine : undefined;
      return { ...row, peer: subject.peer, format: trial.variant.format, engine, ...watch.summary() };
    });
    const chosen = Object.fromEntries(ready.map(({ subject, trial }) => [subject.name, trial.variant]));
    return {
      title: model.title,
      madeBy: model.madeBy,
      rows,
      errors: [...errors, ...interleaved.errors],
      sweeps,
      chosen,
    };
  } finally {
    for (const { runner } of ready) await runner.dispose();
  }
}

/** Start a subject and load what it is fastest with; nothing is opened if it can run nothing, and then the refusals say why. */
async function prepare(
  subject: PeerSubject,
  model: PeerModel,
  samples: Samples,
): Promise<{ sweep: Sweep; opened?: Ready }> {
  let runner: Runner | undefined;
  try {
    runner = await subject.open();
    const sweep = await sweepVariants(subject, runner, model, samples);
    const trial = fastestTrial(sweep.trials);
    if (trial === undefined) {
      await runner.dispose();
      return { sweep };
    }
    await runner.load(model, trial.variant);
    if (runner instanceof SharderRunner) {
      const most = maxItemCount(model.itemShape);
      await runner.settle(model, trial.variant, trial.itemsPerSecond, most, (itemCount) =>
        repeatItems(samples.inputs, samples.count, itemCount),
      );
    }
    return { sweep, opened: { subject, runner, trial, watch: new PageWatch() } };
  } catch (thrown) {
    await runner?.dispose();
    const variant: Variant = { format: subject.formats[0]!, callItemCount: 1 };
    return { sweep: { trials: [], refusals: [{ variant, reason: String(thrown) }] } };
  }
}

/** Wraps a runner for `interleave`: what `run` consumes is copied before, and the page is watched meanwhile. */
function timedSubject(
  { subject, runner, trial, watch }: Ready,
  items: Float32Array<ArrayBuffer>,
  itemCount: number,
): Subject {
  let prepared = items;
  return {
    name: subject.name,
    workers: subject.workers,
    itemCount,
    // The buffers of a user's own items could be transferred, so the benchmark's copying is not timed. The sharder transfers nothing.
    prepare: () => void (prepared = subject.peer === "sharder" ? items : items.slice()),
    run: async () => [await watch.during(() => runner.run(prepared, itemCount))],
    chunkItemCount: () =>
      runner instanceof SharderRunner ? median(runner.attemptItemCounts) : trial.variant.callItemCount,
    dispose: () => runner.dispose(),
  };
}

function partItemCount({ takesCallSize, workers }: PeerSubject, { callItemCount }: Variant): number {
  return takesCallSize ? callItemCount * Math.max(1, workers.length) : 1;
}

function reasonsOf({ refusals }: Sweep): string {
  return refusals.map(({ variant, reason }) => `${variant.format}: ${reason}`).join("; ") || "no format of it was made";
}
