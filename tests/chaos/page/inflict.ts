import { ShardError, type Sharder, type WorkerSnapshot } from "inference-sharder";
import * as faults from "inference-sharder/faults";
import type { ChaosLog } from "./chaos-log.js";
import { BACKENDS_OF, canHit, type FaultKind } from "./fault-kinds.js";

/** What only the driver of the browser can do; both resolve to whether it was done. */
export interface ChaosBridge {
  /** Run an endless loop in the worker of this name. */
  loop(name: string): Promise<boolean>;
  crashGpu(): Promise<boolean>;
}

export interface Victims {
  readonly sharder: Sharder;
  /** The Worker of each id: that of the latest incarnation. */
  readonly workers: ReadonlyMap<string, Worker>;
  readonly bridge: ChaosBridge;
  readonly log: ChaosLog;
  /** A random whole number below `count`. */
  readonly upTo: (count: number) => number;
}

/** How long a fault waits for a worker that it can hit, ms. */
const PATIENCE_MS = 25_000;
/** After this time without one, another worker is added. */
const ADD_AFTER_MS = 6_000;
const RETRY_MS = 100;
/** A worker takes a fault between two shards. One that takes none meanwhile is stuck. */
const INJECT_LIMIT_MS = 3_000;
const MOST_WORKERS = 5;

/** Inflicts faults on whatever worker is able to suffer them. */
export class Inflictor {
  readonly #victims: Victims;
  /** Incarnations that can't take further faults of the port, and corrupt ones. */
  readonly #blocked = new Set<string>();
  #corrupt: string | undefined;
  #failing: string | undefined;

  constructor(victims: Victims) {
    this.#victims = victims;
  }

  /** @returns whether the fault was injected. */
  async inflict(kind: FaultKind): Promise<boolean> {
    const { sharder, log, upTo } = this.#victims;
    const startMs = performance.now();
    let hasAdded = false;
    while (performance.now() - startMs < PATIENCE_MS) {
      const able = this.#targets(kind);
      const target = able[upTo(able.length)];
      if (target !== undefined && (await this.#attempt(kind, target))) {
        log.add(`INJECTED ${kind} on ${target.id}`);
        return true;
      }
      if (!hasAdded && performance.now() - startMs > ADD_AFTER_MS && BACKENDS_OF[kind] !== undefined) {
        hasAdded = true;
        await this.#addWorkerFor(kind);
      }
      await pause(RETRY_MS);
    }
    const states = sharder.workers.map(({ id, state }) => `${id} ${state}`).join(", ");
    log.add(`NOT INJECTED: ${kind}, with ${states}`);
    return false;
  }

  #targets(kind: FaultKind): WorkerSnapshot[] {
    const { workers } = this.#victims.sharder;
    const ready = workers.filter(({ state }) => state === "ready" || state === "busy");
    // A third vote needs a third worker, and liars that agree win every vote.
    if (kind === "corrupt" && (ready.length < 3 || ready.some((each) => incarnationOf(each) === this.#corrupt)))
      return [];
    return ready.filter((each) => canHit(kind, each.backend) && !this.#blocked.has(incarnationOf(each)));
  }

  async #attempt(kind: FaultKind, target: WorkerSnapshot): Promise<boolean> {
    try {
      return await this.#hit(kind, target);
    } catch (thrown) {
      // It ended meanwhile, or has none of what was to be lost.
      if (thrown instanceof ShardError) return false;
      throw thrown;
    }
  }

  async #hit(kind: FaultKind, target: WorkerSnapshot): Promise<boolean> {
    const { bridge, log, upTo, workers } = this.#victims;
    const { id } = target;
    const incarnation = incarnationOf(target);
    switch (kind) {
      case "kill":
        faults.kill(id);
        return true;
      case "terminate":
        workers.get(id)?.terminate();
        return true;
      case "loop":
        this.#blocked.add(incarnation);
        return bridge.loop(id);
      case "crash-gpu":
        return bridge.crashGpu();
      case "hang": {
        const isEndless = upTo(2) === 0;
        if (isEndless) this.#blocked.add(incarnation);
        const ms = isEndless ? Infinity : 300 + upTo(3_000);
        log.add(`hang of ${id}: ${ms} ms`);
        return this.#taken(incarnation, faults.hang(id, ms));
      }
      case "fail": {
        // Items that fail on several workers are to blame, so only one may fail again and again.
        this.#failing ??= incarnation;
        const count = incarnation === this.#failing ? 1 + upTo(3) : 1;
        log.add(`fail of ${id}: ${count} shards`);
        return this.#taken(incarnation, faults.fail(id, count));
      }
      case "slow": {
        if (upTo(2) === 0) this.#later(() => faults.slow(id, 1));
        const factor = 2 + upTo(7);
        log.add(`slow of ${id}: × ${factor}`);
        return this.#taken(incarnation, faults.slow(id, factor));
      }
      case "exhaust":
        return this.#taken(incarnation, faults.exhaust(id));
      case "corrupt":
        this.#corrupt = incarnation;
        return this.#taken(incarnation, faults.corrupt(id, upTo(2) === 0 ? 0.01 : -0.05, 1 + upTo(5)));
      case "drop-out":
      case "drop-in":
        faults.dropMessage(id, kind === "drop-out" ? "out" : "in");
        return true;
      case "delay":
        faults.delayMessages(id, 20 + upTo(200));
        this.#later(async () => faults.delayMessages(id, 0));
        return true;
      case "lose-device":
        return this.#taken(incarnation, faults.loseDevice(id));
      case "lose-context":
        return this.#taken(incarnation, faults.loseContext(id));
    }
  }

  /** A worker that is stuck takes no fault until it is ended. */
  async #taken(incarnation: string, taking: Promise<void>): Promise<boolean> {
    const done = taking.then(() => true);
    const isTaken = await Promise.race([done, pause(INJECT_LIMIT_MS).then(() => false)]);
    if (!isTaken) {
      this.#blocked.add(incarnation);
      done.catch(() => {});
    }
    return isTaken;
  }

  /** The end of a fault. Its worker may have ended before. */
  #later(end: () => Promise<void>): void {
    setTimeout(() => void end().catch(() => {}), 500 + this.#victims.upTo(3_000));
  }

  /** Workers that have fallen back or were quarantined are no targets any more. */
  async #addWorkerFor(kind: FaultKind): Promise<void> {
    const { sharder, upTo, log } = this.#victims;
    const backends = BACKENDS_OF[kind] ?? ["wasm"];
    // Other formats than TF.js's have engines without WebGL.
    const hasWebgl = sharder.model.format === "graph-model";
    const backend = hasWebgl && backends[upTo(backends.length)] === "webgl" ? "webgl" : "webgpu";
    const spare =
      sharder.workers.find(({ state }) => state === "dead" || state === "quarantined") ?? sharder.workers[0];
    try {
      if (sharder.workers.length >= MOST_WORKERS && spare !== undefined) await sharder.removeWorker(spare.id);
      log.add(`ADDED ${await sharder.addWorker({ backend })} for ${kind}`);
    } catch (thrown) {
      log.add(`NOT ADDED: ${backend} (${thrown instanceof Error ? thrown.message : String(thrown)})`);
    }
  }
}

function incarnationOf({ id, restarts }: WorkerSnapshot): string {
  return `${id}/${restarts}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
