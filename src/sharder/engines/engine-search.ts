import { isWorthLoading } from "../../core/choice/engine-cost.js";
import { ShardError } from "../../core/errors.js";
import type { EngineName, WorkerSpec } from "../../pool/worker-entries.js";
import type { WorkerPool } from "../../pool/worker-pool.js";
import type { WorkerSlot } from "../../pool/worker-slot.js";
import type { BatchMode } from "../../protocol/model-on-wire.js";
import { messageOf } from "../../protocol/error-record.js";
import type { EngineGate, EngineVerdict } from "../choice/worker-choice.js";
import type { PreparedInputs } from "../inputs/prepare-inputs.js";
import type { KnownModel } from "../known-model.js";
import type { Sharder } from "../sharder.js";
import { expectedLoadMs, type Connection, type EarlierVisits, type EngineRecords } from "./engine-records.js";
import { firstItems, type CallInputs } from "./first-items.js";
import { startLitert } from "./start-litert.js";
import { requireTranslatable } from "../translated-model.js";
import { WorkLog } from "./work-log.js";

/** How much faster LiteRT is expected to be, before it was measured: on CNNs it is 1.15 to 1.35 times as fast. */
const EXPECTED_SPEED_UP = 1.2;
/** If so many jobs could not be compared, others won't be either: they are too short, or each is of another kind. */
const MOST_OPEN_JOBS = 100;

/**
 * - "tfjs": jobs run on TF.js, and LiteRT may come. "loading": its workers are started, and compared.
 * - "measuring": both have workers, and are measured in turn.
 * - "settled": nothing further is tried in this visit.
 */
type Phase = "tfjs" | "loading" | "measuring" | "settled";

interface SearchParts {
  readonly pool: WorkerPool;
  readonly model: KnownModel;
  readonly sharder: Pick<Sharder, "addWorker" | "removeWorker" | "addEventListener">;
  /** Called when something was found out about an engine, or another one is used. */
  readonly onFound: () => void;
}

export interface SearchOptions {
  readonly tfjs: readonly WorkerSpec[];
  readonly litert: readonly WorkerSpec[];
  readonly records: EngineRecords;
  readonly earlier: EarlierVisits;
  /** Whether its first workers are LiteRT's, as an earlier visit has ended. */
  readonly startsWarm: boolean;
  /** Why LiteRT is not to be tried, if so. */
  readonly refusal?: string | undefined;
}

/**
 * Finds out whether a TF.js model is faster on LiteRT, for `engine: "auto"`. The first job starts on TF.js. LiteRT's workers are started
 * beside it once that is expected to save more than it takes; they get work if their results for a job's first items are those of TF.js,
 * and they take over at the boundaries of shards if the measured total rises. The workers of the slower engine end.
 */
export class EngineSearch implements EngineGate {
  readonly #options: SearchOptions;
  readonly #log = new WorkLog(() => performance.now());
  #parts: SearchParts | undefined;
  #phase: Phase = "tfjs";
  #engine: "tfjs" | "litert";
  /** Whether LiteRT's workers may be given work of jobs. */
  #isAdmitted: boolean;
  #first: readonly CallInputs[] | undefined;
  #openJobCount = 0;
  /** Tells the choice of workers that other engines are admitted now. */
  #refresh: () => void = () => {};
  /** Why LiteRT was given up in a job that has not ended yet: whether its items are to blame shows on TF.js. */
  #failedFor: string | undefined;
  /** Workers of LiteRT on which the model has failed since a job last began. */
  readonly #failing = new Set<string>();

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#log.add(options.earlier.workedMs);
    this.#isAdmitted = options.startsWarm;
    this.#engine = options.startsWarm ? "litert" : "tfjs";
  }

  /** The engine of workers that are added from now on. */
  get engine(): EngineName {
    return this.#engine;
  }

  admits(engine: EngineName): boolean {
    return engine !== "litert" || this.#isAdmitted;
  }

  watch(refresh: () => void): void {
    this.#refresh = refresh;
  }

  /** The sharder is there, and its first workers have started. @param isByBatch whether they hold the whole model. */
  attach(parts: SearchParts, isByBatch: boolean): void {
    this.#parts = parts;
    const { sharder } = parts;
    const { record } = this.#options.earlier;
    const refusal = isByBatch
      ? this.#options.refusal
      : "LiteRT runs models in one piece, and this one is split by layers";
    if (refusal !== undefined) this.#settleOnTfjs({ runs: false, reason: refusal });
    else if (this.#options.startsWarm) this.#beginWarm();
    else if (record?.engine === "tfjs") {
      this.#phase = "settled";
      this.#learn({ reason: record.reason });
    }
    sharder.addEventListener("job", ({ detail: { jobId, state } }) => {
      this.#log.job(jobId, state);
      if (state === "started") this.#failing.clear();
      if (state === "completed") this.#jobEnded();
      if (state === "failed" || state === "cancelled") this.#failedFor = undefined;
      this.#consider();
    });
    sharder.addEventListener("progress", ({ detail }) => {
      this.#log.progress(detail);
      this.#consider();
    });
    sharder.addEventListener("worker", () => this.#replaceLost());
    sharder.addEventListener("fault", ({ detail: { cause, code, workerId, message } }) => {
      const isEngines = code === "model-failed" && cause !== "poison";
      if (isEngines && workerId !== undefined) this.#failed(workerId, message);
    });
  }

  /** A job has begun. Its first items are kept to compare the engines by, and forgotten once that is done. */
  began(inputs: PreparedInputs, mode: BatchMode): void {
    if (this.#phase === "tfjs" && !this.#first?.length) this.#first = firstItems(inputs, mode);
  }

  /** One engine was measured to be faster: the workers of the other one end. */
  onVerdict({ engine, itemsPerSecond, loser, loserItemsPerSecond }: EngineVerdict): void {
    if (this.#phase !== "measuring") return;
    const [litert, tfjs] =
      engine === "litert" ? [itemsPerSecond, loserItemsPerSecond] : [loserItemsPerSecond, itemsPerSecond];
    const reason = `measured: ${rounded(litert)} items/s with all its workers, ${rounded(tfjs)} on TF.js`;
    this.#phase = "settled";
    this.#engine = engine === "litert" ? "litert" : "tfjs";
    this.#isAdmitted = engine === "litert";
    this.#learn({ runs: true, reason });
    this.#options.records.found({ engine: this.#engine, reason });
    // After the measurement has been dealt with.
    queueMicrotask(() => void this.#end(loser));
  }

  #beginWarm(): void {
    this.#phase = "settled";
    const slots = this.#slots("litert");
    if (slots.some(isExpected)) {
      this.#learn({ runs: true, reason: this.#options.earlier.record?.reason });
      return;
    }
    const error = slots.find(({ lastError }) => lastError !== undefined)?.lastError;
    this.#settleOnTfjs({ reason: `it could not be started: ${error?.message ?? "no worker of it is there"}` });
  }

  #consider(): void {
    if (this.#phase !== "tfjs" || !this.#first?.length) return;
    // Few browsers say anything about it.
    const browser = globalThis.navigator as { readonly connection?: Connection } | undefined;
    const offer = {
      remainingMs: this.#log.remainingMs,
      workedMs: this.#log.earlierMs,
      loadMs: expectedLoadMs(this.#options.earlier.loadMs, browser?.connection),
      speedUp: EXPECTED_SPEED_UP,
    };
    if (isWorthLoading(offer)) void this.#load(this.#first);
  }

  async #load(calls: readonly CallInputs[]): Promise<void> {
    this.#phase = "loading";
    const { pool, model, sharder } = this.#parts!;
    const { records } = this.#options;
    // No more than TF.js has now: some may have been removed to spare the machine.
    const litert = this.#options.litert.slice(0, Math.max(1, this.#slots("tfjs").filter(isExpected).length));
    try {
      await requireTranslatable(model.inspected.wire);
    } catch (thrown) {
      const isKnown = thrown instanceof ShardError && thrown.code === "model-unsupported";
      this.#settleOnTfjs({ ...(isKnown ? { runs: false } : {}), reason: messageOf(thrown) }, isKnown);
      return;
    }
    const startedAtMs = performance.now();
    let isFirst = true;
    const onFirst = (): void => {
      if (isFirst) records.loaded(performance.now() - startedAtMs);
      isFirst = false;
    };
    const removeWorker = (id: string): Promise<void> => sharder.removeWorker(id);
    try {
      const { differs, readyCount } = await startLitert({ pool, model, removeWorker }, litert, calls, onFirst);
      if (readyCount === 0) this.#settleOnTfjs({ runs: false, reason: differs! }, true);
      else this.#measure();
    } catch (thrown) {
      // Not for good: the next visit may find a network, or a browser in a better state.
      this.#settleOnTfjs({ reason: `it could not be started: ${messageOf(thrown)}` });
      await this.#end("litert");
    } finally {
      this.#first = undefined;
    }
  }

  #measure(): void {
    this.#phase = "measuring";
    this.#isAdmitted = true;
    this.#learn({ runs: true, reason: "it is being measured against TF.js" });
  }

  #jobEnded(): void {
    if (this.#failedFor !== undefined) this.#options.records.found({ engine: "tfjs", reason: this.#failedFor });
    this.#failedFor = undefined;
    this.#options.records.worked(this.#log.earlierMs);
    if (this.#phase !== "measuring" || ++this.#openJobCount < MOST_OPEN_JOBS) return;
    this.#settleOnTfjs({ runs: true, reason: `${MOST_OPEN_JOBS} jobs were too short or too unlike to compare it by` });
    void this.#end("litert");
  }

  /** Nothing of LiteRT is tried any more. @param isLasting for later visits, too. */
  #settleOnTfjs(found: { readonly runs?: boolean; readonly reason: string }, isLasting = false): void {
    this.#phase = "settled";
    this.#engine = "tfjs";
    this.#isAdmitted = false;
    this.#first = undefined;
    this.#learn(found);
    if (isLasting) this.#options.records.found({ engine: "tfjs", reason: found.reason });
  }

  /** If LiteRT has lost all of its workers for good, TF.js takes over. Called before jobs learn of the last loss. */
  #replaceLost(): void {
    if (!this.#isAdmitted) return;
    const slots = this.#slots("litert");
    if (slots.length === 0 || slots.some(isExpected)) return;
    const error = slots.findLast(({ lastError }) => lastError !== undefined)?.lastError;
    // Removed by the caller: there are to be no workers.
    if (error === undefined) return;
    this.#settleOnTfjs({ reason: `all of its workers were lost: ${error.message}` });
    // One that is quarantined would come back, and hold the model for nothing.
    void this.#startTfjs().then(() => this.#end("litert"));
  }

  /** The model has failed on a worker. If it fails on several of LiteRT's, such as for sizes that can't be translated, TF.js may still run it. */
  #failed(workerId: string, message: string): void {
    const ids = this.#slots("litert")
      .filter(isExpected)
      .map(({ id }) => id);
    if (this.#engine !== "litert" || !ids.includes(workerId)) return;
    this.#failing.add(workerId);
    if (this.#failing.size < Math.min(2, ids.length)) return;
    this.#failedFor = `it failed on items of a job: ${message}`;
    this.#settleOnTfjs({ reason: this.#failedFor });
    void this.#startTfjs().then(() => this.#end("litert"));
    // The job waits for those that start now, instead of giving up items that TF.js may compute.
    this.#refresh();
  }

  /** Begun at once, so that jobs wait for them. Whether one fails is in `sharder.workers`. */
  async #startTfjs(): Promise<void> {
    if (this.#slots("tfjs").some(isExpected)) return;
    await Promise.allSettled(this.#options.tfjs.map((spec) => this.#parts!.sharder.addWorker(spec)));
  }

  #learn(found: { readonly runs?: boolean; readonly reason: string | undefined }): void {
    this.#parts!.model.learnEngine({ engine: "litert", ...found });
    this.#parts!.onFound();
  }

  /** End the workers of an engine; those that are on a shard finish it first. */
  async #end(engine: EngineName): Promise<void> {
    const ids = this.#slots(engine).map(({ id }) => id);
    // One that is gone already, or a sharder that is disposed of, leaves nothing to end.
    await Promise.all(ids.map((id) => this.#parts!.sharder.removeWorker(id).catch(() => {})));
  }

  #slots(name: EngineName): readonly WorkerSlot[] {
    return this.#parts!.pool.slots.filter(({ spec: { engine = "tfjs" } }) => engine === name);
  }
}

/** Whether a worker is there, or will come. */
function isExpected({ worker, isAway, isNew, isUnloaded, isLeaving }: WorkerSlot): boolean {
  return !isLeaving && (isAway || isNew || isUnloaded || worker?.isReady === true);
}

function rounded(itemsPerSecond: number): string {
  return itemsPerSecond >= 100 ? String(Math.round(itemsPerSecond)) : itemsPerSecond.toPrecision(3);
}
