import { entryOf, labelOf, type BackendName, type WorkerSpec } from "./worker-entries.js";

/** From the fastest where all work to the one that works everywhere. */
const FALLBACK_ORDER: readonly BackendName[] = ["webgpu", "webgl", "wasm", "cpu"];

/**
 * The specs that a worker may run with, by what people call them: its own first, then those of the same engine on ever plainer
 * backends.
 */
export function fallbackSpecs(spec: WorkerSpec): ReadonlyMap<string, WorkerSpec> {
  const plainer = FALLBACK_ORDER.slice(FALLBACK_ORDER.indexOf(spec.backend) + 1);
  const others = plainer.map((backend): WorkerSpec => ({ ...spec, backend }));
  return new Map([spec, ...others.filter((other) => entryOf(other) !== undefined)].map((one) => [labelOf(one), one]));
}

/** Whether a backend comes after another one in the order of fallbacks. */
export function isPlainer(backend: BackendName, than: BackendName): boolean {
  return FALLBACK_ORDER.indexOf(backend) > FALLBACK_ORDER.indexOf(than);
}
