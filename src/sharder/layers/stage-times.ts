import { sizeMicroBatch } from "../../core/pipeline/micro-batch-size.js";
import type { StageForecast } from "../../core/pipeline/stage-deadlines.js";
import type { StagePlacement } from "../../core/pipeline/types.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { isExactWorker } from "../inputs/batch-probe.js";
import type { Deployment } from "./deployment.js";
import type { LayerCosts } from "./layer-costs.js";
import { LayerTimes } from "./layer-times.js";
import { StageMeasurements, type StageSample } from "./stage-measurements.js";

/** Fixed cost of a micro-batch before it has been measured. */
const DEFAULT_OVERHEAD_MS = 2.5;

/** How long stages take: predicted from their layers' costs until they have run, then measured. */
export class StageTimes {
  readonly #model: StagedModel;
  readonly #costs: LayerCosts;
  #quantumMs: number;
  readonly #measured = new StageMeasurements();
  readonly #layerTimes = new LayerTimes();
  /** The most items of a micro-batch in epochs in which larger ones ran out of memory. */
  readonly #mostItems = new Map<number, number>();

  constructor(model: StagedModel, costs: LayerCosts, quantumMs: number) {
    this.#model = model;
    this.#costs = costs;
    this.#quantumMs = quantumMs;
  }

  /** What one item takes in a stage, counting all its replicas, ms; `undefined` until it is known. */
  stageMs(deployment: Deployment, stage: number): number | undefined {
    const { firstLayer, lastLayer } = deployment.stages[stage]!;
    const rates = deployment.workersOf(stage).map((worker) => {
      const measured = this.#measured.msPerItem(deployment.epoch, stage, worker.id);
      return 1 / (measured ?? this.#costs.stageMs(worker, firstLayer, lastLayer) ?? NaN);
    });
    const ms = 1 / rates.reduce((total, rate) => total + rate, 0);
    return rates.length === 0 || Number.isNaN(ms) ? undefined : ms;
  }

  /** What one item takes in the slowest stage, ms; `undefined` until all of them are known. */
  bottleneckMs(deployment: Deployment): number | undefined {
    const stageMs = deployment.stages.map((_, stage) => this.stageMs(deployment, stage));
    return stageMs.every((ms) => ms !== undefined) ? Math.max(...stageMs) : undefined;
  }

  /** As `stageMs`, once it has been measured reliably on all replicas; `undefined` until then. */
  settledMs(deployment: Deployment, stage: number): number | undefined {
    const isSettled = deployment
      .workersOf(stage)
      .every(({ id }) => this.#measured.isSettled(deployment.epoch, stage, id));
    return isSettled ? this.stageMs(deployment, stage) : undefined;
  }

  /** A stage's fraction of the model: of its time on one worker, or of the number of layers until that is known. */
  workOf({ firstLayer, lastLayer }: Deployment["stages"][number]): number {
    const { layerMs } = this.#costs;
    const isKnown = layerMs?.some((ms) => ms > 0) === true;
    const weights = isKnown ? layerMs : this.#model.layers.map(() => 1);
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    return sum(weights.slice(firstLayer, lastLayer + 1)) / sum(weights);
  }

  /** Learn from a run of a stage: correct the costs of its layers and its worker. @returns whether the stage has been measured. */
  add(sample: StageSample, deployment: Deployment, worker: PoolWorker): boolean {
    const measuredMs = this.#measured.add(sample);
    const { firstLayer, lastLayer } = deployment.stages[sample.stage]!;
    this.#layerTimes.learn(worker.kind, firstLayer, lastLayer, sample.serviceMs / sample.itemCount);
    if (measuredMs === undefined) return false;
    if (this.#measured.isSettled(sample.epoch, sample.stage, worker.id)) {
      this.#costs.correct(worker, firstLayer, lastLayer, measuredMs);
    }
    return true;
  }

  forget(epoch: number): void {
    this.#measured.forget(epoch);
    this.#mostItems.delete(epoch);
  }

  /** A micro-batch was too large for a worker's memory: none in this epoch is larger than this from now on. */
  limitItems(epoch: number, itemCount: number): void {
    this.#mostItems.set(epoch, Math.max(1, Math.min(itemCount, this.#mostItems.get(epoch) ?? Infinity)));
  }

  /** A worker has ended: its replacement is measured from the beginning. */
  forgetWorker(workerId: string): void {
    this.#measured.forgetWorker(workerId);
  }

  /** How long a micro-batch will take in a stage on one of its workers: as measured there or, before its first run, as its layers suggest. */
  forecast(deployment: Deployment, stage: number, worker: PoolWorker, itemCount: number): StageForecast {
    const { epoch } = deployment;
    const compiles = !isExactWorker(worker) && !this.#measured.hasRunSize(epoch, stage, worker.id, itemCount);
    const measuredMs = this.#measured.predictMs(epoch, stage, worker.id, itemCount);
    if (measuredMs !== undefined) return { ms: measuredMs, run: compiles ? "compiling" : "known" };
    const { firstLayer, lastLayer } = deployment.stages[stage]!;
    const ms = Math.max(
      this.#costs.stageMs(worker, firstLayer, lastLayer) ?? 0,
      this.#layerTimes.predictMs(worker.kind, firstLayer, lastLayer) ?? 0,
    );
    const isKnown = ms > 0 && ms < Infinity;
    return { ms: isKnown ? DEFAULT_OVERHEAD_MS + itemCount * ms : undefined, run: compiles ? "compiling" : "first" };
  }

  /** What a micro-batch should take, ms, from now on. */
  set quantumMs(quantumMs: number) {
    this.#quantumMs = quantumMs;
  }

  /** Where a job's micro-batches go, and how large they are. @param remainingItemCount `undefined` until a stream's source has ended. */
  placementFor(deployment: Deployment, remainingItemCount: number | undefined): StagePlacement {
    const workers = deployment.stages.flatMap((_, stage) => deployment.workersOf(stage));
    const overheadMs = this.#measured.overheadMs(deployment);
    const microBatchItemCount = sizeMicroBatch({
      itemCount: remainingItemCount,
      stageCount: deployment.stages.length,
      msPerItem: this.bottleneckMs(deployment),
      overheadMs: Math.max(DEFAULT_OVERHEAD_MS, overheadMs ?? 0),
      isTrial: overheadMs === undefined,
      quantumMs: this.#quantumMs,
      powersOfTwo: workers.some(({ wantsPowersOfTwo }) => wantsPowersOfTwo),
    });
    const mostItems = this.#mostItems.get(deployment.epoch) ?? Infinity;
    return {
      epoch: deployment.epoch,
      stages: deployment.workerIds,
      microBatchItemCount: Math.min(microBatchItemCount, mostItems),
    };
  }
}
