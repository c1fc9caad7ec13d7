import type { Sharder, WorkerSnapshot, WorkerSpec } from "../../index.js";

/** The servers that sharders were given here, by id: a snapshot tells neither their address nor their headers. */
const servers = new WeakMap<Sharder, Map<string, WorkerSpec>>();

/** Remember the server that a worker is, so that one like it can be added again, to this sharder or to its successor. */
export function rememberServer(sharder: Sharder, id: string, spec: WorkerSpec): void {
  const known = servers.get(sharder) ?? new Map<string, WorkerSpec>();
  servers.set(sharder, known.set(id, spec));
}

/** As `rememberServer`, for a sharder that was created with these workers. */
export function rememberServers(sharder: Sharder, specs: readonly WorkerSpec[]): void {
  const ids = sharder.workers.filter(({ backend }) => backend === "remote").map(({ id }) => id);
  for (const spec of specs) {
    if (spec.backend !== "remote") continue;
    const id = ids.shift();
    if (id !== undefined) rememberServer(sharder, id, spec);
  }
}

/** Give a sharder those of the workers that are servers. One that can't be reached any more says so where workers do. */
export async function addServers(sharder: Sharder, specs: readonly WorkerSpec[]): Promise<void> {
  const named = specs.filter(({ backend }) => backend === "remote");
  await Promise.allSettled(named.map(async (spec) => rememberServer(sharder, await sharder.addWorker(spec), spec)));
}

/** What makes a worker like this one. @returns `undefined` for a server that was not named here. */
export function specOf(
  sharder: Sharder,
  { id, backend, engine }: Pick<WorkerSnapshot, "id" | "backend" | "engine">,
): WorkerSpec | undefined {
  return backend === "remote" ? servers.get(sharder)?.get(id) : { backend, engine };
}

/**
 * Workers like those that a sharder has now, for another sharder that takes its place.
 * @param isByLayers whether that one is split by layers, which a server can't take part in.
 */
export function specsOf(sharder: Sharder, isByLayers: boolean): WorkerSpec[] {
  return sharder.workers.flatMap((worker) => {
    if (worker.state === "dead" || (isByLayers && worker.backend === "remote")) return [];
    return specOf(sharder, worker) ?? [];
  });
}
