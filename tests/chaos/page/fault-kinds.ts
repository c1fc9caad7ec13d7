/** Every kind of fault that chaos injects. "terminate", "loop", "lose-…" and "crash-gpu" are done by the platform, not by the port. */
export const FAULT_KINDS = [
  "kill",
  "terminate",
  "loop",
  "hang",
  "fail",
  "slow",
  "exhaust",
  "corrupt",
  "drop-out",
  "drop-in",
  "delay",
  "lose-device",
  "lose-context",
  "crash-gpu",
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** The backends that a fault can hit, where it can't hit every one. */
export const BACKENDS_OF: Readonly<Partial<Record<FaultKind, readonly string[]>>> = {
  "lose-device": ["webgpu"],
  "lose-context": ["webgl"],
  "crash-gpu": ["webgpu", "webgl"],
};

/** @param worker the backend of a worker, alone or after its engine. */
export function canHit(kind: FaultKind, worker: string): boolean {
  return BACKENDS_OF[kind]?.includes(worker.split("/").at(-1)!) ?? true;
}

/** How often each kind of fault was injected. */
export type FaultCounts = Record<FaultKind, number>;

export function countFaults(kinds: readonly FaultKind[]): FaultCounts {
  const counts = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as FaultCounts;
  for (const kind of kinds) counts[kind]++;
  return counts;
}
