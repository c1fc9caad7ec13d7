import type { WorkerLink } from "../../../src/pool/worker-link.js";
import type { WorkerApi } from "../../../src/protocol/worker-api.js";

/** The calls that workers have not answered, to see what a job waits for. */
export class PendingCalls {
  readonly #pending = new Map<number, { readonly what: string; readonly startMs: number }>();
  #count = 0;

  /** The same link, whose calls are noted until they are answered or the link is closed. */
  watch(id: string, link: WorkerLink<WorkerApi>): WorkerLink<WorkerApi> {
    const { api } = link;
    const open = new Set<number>();
    const note = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
      const key = ++this.#count;
      open.add(key);
      this.#pending.set(key, { what: `${id}: ${what}`, startMs: performance.now() });
      try {
        return await call();
      } finally {
        open.delete(key);
        this.#pending.delete(key);
      }
    };
    return {
      ...link,
      api: {
        attach: (lifeline) => api.attach(lifeline),
        start: (config) => note("start", () => api.start(config)),
        load: (modelKey, model) => note(`load ${modelKey}`, () => api.load(modelKey, model)),
        unload: (modelKey) => note(`unload ${modelKey}`, () => api.unload(modelKey)),
        run: (request) => {
          const { attemptId, modelKey, itemCount, priority } = request;
          return note(`run ${attemptId} of ${itemCount} through ${modelKey} at ${priority}`, () => api.run(request));
        },
        trace: (request) => note(`trace ${request.attemptId}`, () => api.trace(request)),
        cancel: (attemptIds) => note(`cancel ${attemptIds.join(" ")}`, () => api.cancel(attemptIds)),
        memory: () => note("memory", () => api.memory()),
        inject: (fault) => note(`inject ${fault.kind}`, () => api.inject(fault)),
        stop: () => note("stop", () => api.stop()),
      },
      close: () => {
        for (const key of open) this.#pending.delete(key);
        link.close();
      },
    };
  }

  /** In the order in which they were made. */
  describe(): string[] {
    const nowMs = performance.now();
    return [...this.#pending.values()].map(({ what, startMs }) => `${what}, for ${Math.round(nowMs - startMs)} ms`);
  }
}
