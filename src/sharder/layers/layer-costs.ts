import { ShardError } from "../../core/errors.js";
import type { StagePlan, StageProblem } from "../../core/stages/stage-problem.js";
import type { TraceFindings } from "../../model/inspect.js";
import { flopsOfLayers } from "../../model/layer-flops.js";
import { liveBytes } from "../../model/live-bytes.js";
import type { StagedModel } from "../../model/staged-model.js";
import type { PoolWorker } from "../../pool/pool-worker.js";
import { tensorBytes } from "../../protocol/tensors.js";
import type { MemoryLimits } from "./memory-limits.js";
import type { TracedTensor, TraceRequest, TraceResult } from "../../protocol/worker-api.js";

/** The measured costs of one kind of worker. */
interface KindCosts {
  /** Ms per item of each layer; Infinity for a layer that it can't run. */
  readonly layerMs: readonly number[];
  /** Fixed cost of reading a tensor back or uploading it, ms. */
  readonly transferMs: number;
  readonly transferMsPerByte: number;
  /** Why it can't run some layer; `undefined` if it can run all. */
  readonly failure: string | undefined;
  /** How often it was traced. */
  readonly traceCount: number;
}

/** The range of ratios that a stage's first run may show because of its layers, cold caches and contention; the rest is the worker's. */
const LAYER_CORRECTION = { least: 0.4, most: 1.5 };
/** Workers of one kind whose rates differ by less than this count as equal: only such workers may be replicas of a stage. */
const LIKENESS = 0.15;

/** The least time of a layer, ms: timers are coarse, especially on pages that are not isolated, but no layer takes no time. */
const SHORTEST_MS = 1e-3;

/** The costs of each layer on each worker: traced once per kind of worker, then corrected by every run of a stage. */
export class LayerCosts {
  readonly #model: StagedModel;
  readonly #canRun: (worker: PoolWorker, layer: number) => boolean;
  readonly #kinds = new Map<string, KindCosts>();
  readonly #corrections: number[];
  readonly #isCorrected: boolean[];
  /** How many times slower a worker is than its kind. */
  readonly #slowdowns = new Map<string, number>();
  #outputs: readonly Readonly<Record<string, TracedTensor>>[] | undefined;
  #inputs: TraceRequest["inputs"] = {};
  #boundaryBytes: readonly number[] | undefined;

  /** @param canRun whether a worker can run a layer, as far as is known. */
  constructor(model: StagedModel, canRun: (worker: PoolWorker, layer: number) => boolean) {
    this.#model = model;
    this.#canRun = canRun;
    this.#corrections = model.layers.map(() => 1);
    this.#isCorrected = model.layers.map(() => false);
  }

  /** Whether this kind of worker has been measured. A layer that failed may have failed by chance, so it is tried a second time. */
  knows(worker: PoolWorker): boolean {
    const kind = this.#kinds.get(worker.kind);
    return kind !== undefined && (kind.failure === undefined || kind.traceCount > 1);
  }

  /** What was learned about the model itself. @throws ShardError "internal" before a complete trace. */
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
   * Add the traces of workers that were measured together.
   * @param inputs those of the traced item.
   * @throws ShardError "model-unsupported" if no kind of worker can run every layer.
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
      // What one of a kind can run, all can.
      const known = Math.max(...members.map(({ trace }) => trace.layers.length));
      const measured = Array.from({ length: known }, (_, layer) =>
        Math.max(SHORTEST_MS, Math.min(...members.flatMap(({ trace }) => trace.layers[layer]?.ms ?? []))),
      );
      const transfer = members.flatMap(({ trace }) => trace.transferMs ?? [])[0];
      const failure =
        known === layerCount ? undefined : members.find(({ trace }) => trace.failure !== undefined)?.trace.failure;
      this.#kinds.set(kind, {
        layerMs: completeLayers(measured, reference),
        // A reading and an upload were timed together.
        transferMs: (transfer?.perTransfer ?? 0) / 2,
        transferMsPerByte: (transfer?.perByte ?? 0) / 2,
        failure,
        traceCount: (this.#kinds.get(kind)?.traceCount ?? 0) + 1,
      });
    }
  }

  /** Whether a worker can run these layers, as far as is known. */
  canRun(worker: PoolWorker, firstLayer: number, lastLayer: number): boolean {
    const layerMs = this.#kinds.get(worker.kind)?.layerMs ?? [];
    for (let layer = firstLayer; layer <= lastLayer; layer++) {
      if (layerMs[layer] === Infinity || !this.#canRun(worker, layer)) return false;
    }
    return true;
  }

  /** Measured ms per item of each layer, on a kind of worker that can run all of them. */
  get layerMs(): readonly number[] | undefined {
    return this.#completeKind()?.layerMs;
  }

  /**
   * Learn from a run of a stage. If none of its layers has run in a stage before, the run corrects their costs; whatever else it differs
   * by is the worker's own slowdown.
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

  /** What one item takes in a stage on a worker, including its transfers, ms; `undefined` if that was not measured. */
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

  /** Ms per item of the slowest stage of a plan, at each worker's own rate. @param workers those that the plan was made for. */
  bottleneckMs({ stages }: StagePlan, workers: readonly PoolWorker[]): number {
    const stageMs = stages.map(({ workers: members, firstLayer, lastLayer }) => {
      const rates = members.map((index) => 1 / (this.stageMs(workers[index]!, firstLayer, lastLayer) ?? NaN));
      return 1 / rates.reduce((total, rate) => total + rate, 0);
    });
    return Math.max(...stageMs);
  }

  /**
   * The problem that the planner has to solve.
   * @param workers whose kinds were all measured.
   * @throws ShardError "internal" before a trace.
   */
  problem(workers: readonly PoolWorker[], limits: MemoryLimits, maxReplicas: number): StageProblem {
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
          memoryLimitBytes: limits.of(worker),
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

/** Fill in the layers after the one that failed, in proportion to another kind of worker's times. */
function completeLayers(measured: readonly number[], reference: readonly number[]): number[] {
  if (measured.length === reference.length) return [...measured];
  const sum = (values: readonly number[]): number => values.reduce((total, ms) => total + ms, 0);
  const base = sum(reference.slice(0, measured.length));
  const ratio = base > 0 ? sum(measured) / base : 1;
  return reference.map((ms, layer) =>
    layer < measured.length ? measured[layer]! : layer === measured.length ? Infinity : ms * ratio,
  );
}

/** Give workers of about the same speed the same slowdown, so that they may be replicas of one stage. */
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
