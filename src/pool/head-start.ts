import type { WorkerApi } from "../protocol/worker-api.js";
import { entryOf, type OpenWorker, type WorkerSpec } from "./worker-entries.js";
import type { WorkerLink } from "./worker-link.js";

/**
 * Workers whose scripts and engines start before it is known what they will be for: a model is read meanwhile, and to start takes as long
 * as that. Whoever opens such a worker later gets one that is under way.
 */
export class HeadStart {
  readonly #open: OpenWorker;
  /** By what they were started as; nobody has taken them yet. */
  readonly #ahead = new Map<string, WorkerLink<WorkerApi>[]>();

  constructor(open: OpenWorker) {
    this.#open = open;
  }

  /** A worker that can't be opened is left to whoever opens it later, with the reason. */
  begin(specs: readonly WorkerSpec[]): void {
    for (const spec of specs) {
      try {
        const link = started(this.#open(spec, spec.backend), spec);
        this.#ahead.set(keyOf(spec), [...(this.#ahead.get(keyOf(spec)) ?? []), link]);
      } catch {
        return;
      }
    }
  }

  /** One that is under way, if there is one. @throws as `openWorker` */
  readonly open: OpenWorker = (spec, workerId) => this.#ahead.get(keyOf(spec))?.shift() ?? this.#open(spec, workerId);

  /** End those that nobody has taken. */
  close(): void {
    for (const link of [...this.#ahead.values()].flat()) link.close();
    this.#ahead.clear();
  }
}

/** The link to a worker whose engine starts now: its one start answers the call that comes later. */
function started(link: WorkerLink<WorkerApi>, spec: WorkerSpec): WorkerLink<WorkerApi> {
  const { backend, engine: _engine, ...settings } = spec;
  const starting = link.api.start({ workerId: backend, ...settings });
  // Whoever takes the link is told of its end.
  starting.catch(() => {});
  const api = new Proxy(link.api, {
    get: (target, name) => (name === "start" ? () => starting : (Reflect.get(target, name) as unknown)),
  });
  return { ...link, api };
}

function keyOf({ powerPreference, threads, ...worker }: WorkerSpec): string {
  return JSON.stringify([entryOf(worker), powerPreference, threads]);
}
