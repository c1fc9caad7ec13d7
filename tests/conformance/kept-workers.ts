import type { Reply } from "../../src/protocol/error-record.js";
import type { ModelKey, WorkerApi, WorkerReport } from "../../src/protocol/worker-api.js";
import { openWorker, type OpenWorker, type WorkerSpec } from "../../src/pool/worker-entries.js";
import type { WorkerLink } from "../../src/pool/worker-link.js";

interface KeptWorker {
  /** Its engine, backend and settings. */
  readonly kind: string;
  readonly link: WorkerLink<WorkerApi>;
  report: Reply<WorkerReport> | undefined;
  /** Who listens now. */
  listener: Parameters<WorkerLink<WorkerApi>["onEnd"]>[0] | undefined;
  /** It has failed or ended: whatever comes from it later can't be trusted. */
  isSpoiled: boolean;
  useCount: number;
}

/** A WASM heap only grows; a worker that has held this many models gives its memory back. */
const MOST_USES = 150;

/**
 * Real workers that outlive their sharder, since starting one takes longer than running a small model. One that failed in any way, or
 * ended with calls under way, is never used again.
 */
export class KeptWorkers {
  readonly #idle: KeptWorker[] = [];

  readonly open: OpenWorker = (spec, workerId) => {
    const at = this.#idle.findIndex(({ kind }) => kind === kindOf(spec));
    const worker = at < 0 ? start(spec, workerId) : this.#idle.splice(at, 1)[0]!;
    worker.useCount++;
    return this.#lend(worker);
  };

  #lend(worker: KeptWorker): WorkerLink<WorkerApi> {
    const { link } = worker;
    const held = new Set<ModelKey>();
    let pendingCount = 0;
    let isClosed = false;
    /** A failed call may leave the engine broken, as a trap in WASM does. */
    const watch = async <T>(settled: Promise<Reply<T>>): Promise<Reply<T>> => {
      pendingCount++;
      try {
        const reply = await settled;
        if (!reply.ok && reply.error.code !== "aborted") worker.isSpoiled = true;
        return reply;
      } catch (thrown) {
        worker.isSpoiled = true;
        throw thrown;
      } finally {
        pendingCount--;
      }
    };
    const api: WorkerApi = {
      attach: (lifeline) => link.api.attach(lifeline),
      start: async (config) => (worker.report ??= await watch(link.api.start(config))),
      load: (key, model) => {
        held.add(key);
        return watch(link.api.load(key, model));
      },
      unload: (key) => {
        held.delete(key);
        return watch(link.api.unload(key));
      },
      run: (request) => watch(link.api.run(request)),
      trace: (request) => watch(link.api.trace(request)),
      cancel: (attemptIds) => link.api.cancel(attemptIds),
      memory: () => link.api.memory(),
      inject: (fault) => link.api.inject(fault),
      stop: async () => {
        for (const key of held) await watch(link.api.unload(key));
        held.clear();
        return { ok: true, value: undefined };
      },
    };
    return {
      api,
      onEnd: (listener) => (worker.listener = listener),
      close: () => {
        if (isClosed) return;
        isClosed = true;
        worker.listener = undefined;
        const isClean = !worker.isSpoiled && pendingCount === 0 && held.size === 0 && worker.report?.ok === true;
        if (isClean && worker.useCount < MOST_USES) this.#idle.push(worker);
        else link.close();
      },
    };
  }
}

function kindOf({ engine, backend, threads, powerPreference }: WorkerSpec): string {
  return [engine ?? "", backend, threads ?? "", powerPreference ?? ""].join("/");
}

function start(spec: WorkerSpec, workerId: string): KeptWorker {
  const worker: KeptWorker = {
    kind: kindOf(spec),
    link: openWorker(spec, workerId),
    report: undefined,
    listener: undefined,
    isSpoiled: false,
    useCount: 0,
  };
  worker.link.onEnd((reason, cause) => {
    worker.isSpoiled = true;
    worker.listener?.(reason, cause);
  });
  return worker;
}
