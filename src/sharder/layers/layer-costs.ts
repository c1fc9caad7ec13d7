import { ShardError } from "../../core/errors.js";
import type { StagePlan, StageProblem } from "../../core/stages/stage-problem.js";
import type { TraceFindings } from "../../model/inspect.js";
import { flopsOfLayers } from "../../model/layer-flops.js";
import { liveBytes } from "../../model/live-bytes.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { tensorBytes } from "../../protocol/tensors.js";
import type { TracedTensor, TraceRequest, TraceResult } from "../../protocol/worker-api.js";

/** What one kind of worker was measured to take. */
interface KindCosts {
  /** Ms per item by layer; Infinity where it can't run one. */
  readonly layerMs: readonly number[];
  /** Of reading a tensor back or uploading it, ms. */
  readonly transferMs: number;
  readonly transferMsPerByte: number;
  /** Why it can't run some layer. */
  readonly failure: string | undefined;
}

/** A first run tells this much about layers, cold caches and contention; what is beyond it is the worker's. */
const LAYER_CORRECTION = { least: 0.4, most: 1.5 };
/** Workers of one kind whose rates differ by less than this are alike: only those may be replicas of a stage. */
const LIKENESS = 0.15;

/** Timers are coarse, on pages that are not isolated above all; a layer never takes no time at all. */
const SHORTEST_MS = 1e-3;

/** What each layer takes on each worker: traced once per kind of worker, corrected by every run of a stage. */
export class LayerCosts {
  readonly #model: StagedModel;
  readonly #canRun: (worker: PoolWorker, layer: number) => boolean;
  readonly #kinds = new Map<string, KindCosts>();
  readonly #corrections: number[];
  readonly #isCorrected: boolean[];
  /** How many times slower than its kind a worker is. */
  readonly #slowdowns = new Map<string, number>();
  #outputs: readonly Readonly<Record<string, TracedTensor>>[] | undefined;
  #inputs: TraceRequest["inputs"] = {};
  #boundaryBytes: readonly number[] | undefined;

  /** @param canRun whether nothing is known against a worker running a layer. */
  constructor(model: StagedModel, canRun: (worker: PoolWorker, layer: number) => boolean) {
    this.#model = model;
    this.#canRun = canRun;
    this.#corrections = model.layers.map(() => 1);
    this.#isCorrected = model.layers.map(() => false);
  }

  /** Whether this kind of worker has been measured. */
  knows(worker: PoolWorker): boolean {
    return this.#kinds.has(worker.kind);
  }

  /** What was learned of the model itself. @throws ShardError "internal" before a complete trace. */
  get findings(): TraceFindings {
    if (this.#outputs === undefined || this.#boundaryBytes === undefined || this.layerMs === undefined) {
      throw new ShardError("internal", "Expected a complete trace of the model.");
    }
    const shapes = new Map<string, readonly number[]>();
    for (const tensors of [this.#inputs, ...this.#outputs]) {
      for (const [key, { shape }] of Object.entries(tensors)) shapes.set(key, shape);
    }
    return {
      outputs: this.#outputs,
      layerMs: this.layerMs,
      boundaryBytes: this.#boundaryBytes,
      layerFlops: flopsOfLayers(this.#model, shapes),
    };
  }

  /**
   * Take in the traces of workers that were measured together.
   * @param inputs of the item that was traced.
   * @throws ShardError "model-unsupported" where no kind of worker can run every layer that another can't.
   */
  add(
    traces: readonly { readonly worker: PoolWorker; readonly trace: TraceResult }[],
    inputs: TraceRequest["inputs"],
  ): void {
    const layerCount = this.#model.layers.length;
    const complete = traces.filter(({ trace }) => trace.layers.length === layerCount);
    const reference = complete[0]?.trace.layers.map(({ ms }) => ms) ?? this.#completeKind()?.layerMs;
    if (reference === undefined) throw cannotRun(this.#model, traces);
    if (complete.length > 0 && this.#outputs === undefined) {
      this.#outputs = complete[0]!.trace.layers.map(({ outputs }) => outputs);
      this.#inputs = inputs;
      this.#boundaryBytes = liveBytes(this.#model, sizesOf(inputs), this.#outputs.map(sizesOf));
    }
    for (const kind of new Set(traces.map(({ worker }) => worker.kind))) {
      const members = traces.filter(({ worker }) => worker.kind === kind);
      const known = Math.min(...members.map(({ trace }) => trace.layers.length));
      const measured = Array.from({ length: known }, (_, layer) =>
        Math.max(SHORTEST_MS, Math.min(...members.map(({ trace }) => trace.layers[layer]!.ms))),
      );
      const transfer = members.flatMap(({ trace }) => trace.transferMs ?? [])[0];
      const failure = members.find(({ trace }) => trace.failure !== undefined)?.trace.failure;
      this.#kinds.set(kind, {
        layerMs: completeLayers(measured, reference),
        // What was timed is a reading and an upload.
        transferMs: (transfer?.perTransfer ?? 0) / 2,
        transferMsPerByte: (transfer?.perByte ?? 0) / 2,
        failure,
      });
    }
  }

  /** Whether nothing is known against a worker running these layers. */
  canRun(worker: PoolWorker, firstLayer: number, lastLayer: number): boolean {
    const layerMs = this.#kinds.get(worker.kind)?.layerMs ?? [];
    for (let layer = firstLayer; layer <= lastLayer; layer++) {
      if (layerMs[layer] === Infinity || !this.#canRun(worker, layer)) return false;
    }
    return true;
  }

  /** Ms per item of each layer on the best kind of worker, as measured. */
  get layerMs(): readonly number[] | undefined {
    return this.#completeKind()?.layerMs;
  }

  /**
   * A stage has run. Layers that have not run in a stage before are corrected, once; from then on a change is the worker's own.
   * @param ms per item, as measured.
   */
  correct(worker: PoolWorker, firstLayer: number, lastLayer: number, ms: number): void {
    const expectedMs = this.stageMs(worker, firstLayer, lastLayer);
    if (expectedMs === undefined || !(expectedMs > 0 && expectedMs < Infinity) || !(ms > 0)) return;
    let ratio = ms / expectedMs;
    const isNew = this.#isCorrected.slice(firstLayer, lastLayer + 1).every((isCorrected) => !isCorrected);
    if (isNew) {
      const { least, most } = LAYER_CORRECTION;
      const ofLayers = Math.min(most, Math.max(least, ratio));
      for (let layer = firstLayer; layer <= lastLayer; layer++) {
        this.#corrections[layer] = ofLayers;
        this.#isCorrected[layer] = true;
      }
      ratio /= ofLayers;
    }
    this.#slowdowns.set(worker.id, this.slowdownOf(worker.id) * ratio);
  }

  slowdownOf(workerId: string): number {
    return this.#slowdowns.get(workerId) ?? 1;
  }

  /** What one item takes in a stage on a worker, with its transfers, ms; `undefined` where it was not measured. */
  stageMs(worker: PoolWorker, firstLayer: number, lastLayer: number): number | undefined {
    const kind = this.#kinds.get(worker.kind);
    if (kind === undefined || this.#boundaryBytes === undefined) return undefined;
    let ms = 0;
    for (let layer = firstLayer; layer <= lastLayer; layer++) ms += kind.layerMs[layer]! * this.#corrections[layer]!;
    for (const bytes of [this.#boundaryBytes[firstLayer]!, this.#boundaryBytes[lastLayer + 1]!]) {
      if (bytes > 0) ms += kind.transferMs + bytes * kind.transferMsPerByte;
    }
    return ms * this.slowdownOf(worker.id);
  }

  /** What the slowest stage of a plan will take per item, with each worker's own rate, ms. @param workers that it was made for. */
  bottleneckMs({ stages }: StagePlan, workers: readonly PoolWorker[]): number {
    const stageMs = stages.map(({ workers: members, firstLayer, lastLayer }) => {
      const rates = members.map((index) => 1 / (this.stageMs(workers[index]!, firstLayer, lastLayer) ?? NaN));
      return 1 / rates.reduce((total, rate) => total + rate, 0);
    });
    return Math.max(...stageMs);
  }

  /**
   * The question for the planner.
   * @param workers all of kinds that were measured.
   * @throws ShardError "internal" before a trace.
   */
  problem(workers: readonly PoolWorker[], memoryLimitBytes: number, maxReplicas: number): StageProblem {
    if (this.#boundaryBytes === undefined) throw new ShardError("internal", "Expected a trace before a plan.");
    const slowdowns = workers.map(({ id }) => this.slowdownOf(id));
    const planned = maxReplicas > 1 ? alike(slowdowns) : slowdowns;
    return {
      workers: workers.map((worker, index) => {
        const kind = this.#kinds.get(worker.kind)!;
        const slowdown = planned[index]!;
        return {
          layerMs: kind.layerMs.map((ms, layer) =>
            this.#canRun(worker, layer) ? ms * this.#corrections[layer]! * slowdown : Infinity,
          ),
          transferMs: kind.transferMs * slowdown,
          transferMsPerByte: kind.transferMsPerByte * slowdown,
          memoryLimitBytes,
        };
      }),
      boundaryBytes: this.#boundaryBytes,
      layerWeights: this.#model.layers.map(({ weights }) => weights),
      maxReplicas,
    };
  }

  forget(workerId: string): void {
    this.#slowdowns.delete(workerId);
  }

  #completeKind(): KindCosts | undefined {
    return [...this.#kinds.values()].find(({ layerMs }) => layerMs.every((ms) => ms < Infinity));
  }
}

/** After the layer that failed nothing could be measured: in proportion to what another kind of worker takes. */
function completeLayers(measured: readonly number[], reference: readonly number[]): number[] {
  if (measured.length === reference.length) return [...measured];
  const sum = (values: readonly number[]): number => values.reduce((total, ms) => total + ms, 0);
  const base = sum(reference.slice(0, measured.length));
  const ratio = base > 0 ? sum(measured) / base : 1;
  return reference.map((ms, layer) =>
    layer < measured.length ? measured[layer]! : layer === measured.length ? Infinity : ms * ratio,
  );
}

/** Workers that are about as fast get the same number, so that they may be replicas of one stage. */
function alike(slowdowns: readonly number[]): number[] {
  const result = [...slowdowns];
  let group: number[] = [];
  const order = slowdowns.map((_, index) => index).sort((a, b) => slowdowns[a]! - slowdowns[b]!);
  for (const [place, index] of order.entries()) {
    const first = group[0] ?? index;
    group = slowdowns[index]! > (1 + LIKENESS) * slowdowns[first]! ? [index] : [...group, index];
    const next = order[place + 1];
    const isLast = next === undefined || slowdowns[next]! > (1 + LIKENESS) * slowdowns[group[0]!]!;
    if (!isLast) continue;
    const mean = group.reduce((total, each) => total + slowdowns[each]!, 0) / group.length;
    for (const each of group) result[each] = mean;
  }
  return result;
}

function sizesOf(
  tensors: Readonly<Record<string, { readonly dtype: string; readonly shape: readonly number[] }>>,
): Record<string, number> {
  return Object.fromEntries(Object.entries(tensors).map(([key, tensor]) => [key, tensorBytes(tensor)]));
}

function cannotRun(
  model: StagedModel,
  traces: readonly { readonly worker: PoolWorker; readonly trace: TraceResult }[],
): ShardError {
  const reasons = traces.map(({ worker, trace }) => {
    const layer = model.layers[trace.layers.length];
    return `${worker.id} at layer "${layer?.name ?? "?"}" (${trace.failure ?? "no reason given"})`;
  });
  return new ShardError(
    "model-unsupported",
    `Expected a worker that can run every layer, received ${reasons.join("; ") || "none"}: add a worker with another backend.`,
  );
}
