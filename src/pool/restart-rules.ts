import { RestartPolicy, type RestartPlan } from "../core/restarts/restart-policy.js";
import { labelOf, type WorkerSpec } from "./worker-entries.js";
import type { WorkerSlot } from "./worker-slot.js";

/** As `RestartPlan`, with the spec that the worker is started with. */
export type SlotPlan =
  | { readonly kind: "restart"; readonly spec: WorkerSpec; readonly delayMs: number }
  | Exclude<RestartPlan, { readonly kind: "restart" }>;

/** Whether, when and how workers are restarted. */
export interface RestartRules {
  started(slot: WorkerSlot): void;
  ready(slot: WorkerSlot): void;
  /** Its incarnation has died. @param isLast no other worker is there or about to be. */
  died(slot: WorkerSlot, isLast: boolean): SlotPlan;
  /** What to do now for a worker without an incarnation: a restart without delay may begin. */
  next(slot: WorkerSlot): SlotPlan;
  /** How long until it may leave a backend that it fell back to, ms; `undefined`: it need not, or can't. */
  returnMs(slot: WorkerSlot): number | undefined;
  forget(slot: WorkerSlot): void;
}

/**
 * Restarts by `RestartPolicy`, on the page's clock.
 * @param canRun whether a worker of this spec could run the model, as far as is known.
 */
export function policyRules(canRun: (spec: WorkerSpec) => boolean): RestartRules {
  const policy = new RestartPolicy(Math.random);
  // Servers fail each on its own.
  const nameOf = (spec: WorkerSpec): string => (spec.backend === "remote" ? `remote ${spec.url}` : labelOf(spec));
  const restartable = (slot: WorkerSlot) => {
    const own = nameOf(slot.wanted);
    // One that was never ready is its owner's choice: no other backend takes its place.
    if (slot.wanted.backend === "remote") return { workerId: slot.id, backends: [own] };
    const others = slot.hasBeenReady ? [...slot.specs].flatMap(([name, spec]) => (canRun(spec) ? name : [])) : [];
    return { workerId: slot.id, backends: [own, ...others.filter((name) => name !== own)] };
  };
  const withSpec = (slot: WorkerSlot, plan: RestartPlan): SlotPlan =>
    plan.kind === "restart" ? { ...plan, spec: slot.specs.get(plan.backend) ?? slot.wanted } : plan;
  const now = (): number => performance.now();
  return {
    started: ({ spec }) => policy.started(nameOf(spec), now()),
    ready: ({ id, spec }) => policy.ready(id, nameOf(spec)),
    died: (slot, isLast) => {
      const {
        deathCause = "crashed",
        readyMs,
        finishedCount,
        deathError,
      } = slot.worker ?? { readyMs: undefined, finishedCount: 0 };
      const backend = nameOf(slot.spec);
      const retryAfterMs = deathError?.retryAfterMs;
      const death = { backend, cause: deathCause, readyMs, runCount: finishedCount, isLast, retryAfterMs };
      return withSpec(slot, policy.died(restartable(slot), death, now()));
    },
    next: (slot) => withSpec(slot, policy.next(restartable(slot), now())),
    returnMs: (slot) => policy.returnMs(restartable(slot), nameOf(slot.spec), now()),
    forget: ({ id }) => policy.forget(id),
  };
}

/** Restarts on the same backend after a delay that the caller decides on; `undefined`: none. For tests. */
export function delayRules(delayMs: (slot: WorkerSlot) => number | undefined): RestartRules {
  const giveUp = { kind: "give-up" } as const;
  return {
    started: () => {},
    ready: () => {},
    died: (slot) => {
      if (slot.worker?.deathCause === "wrong-output") return { kind: "quarantine", delayMs: Infinity };
      const ms = slot.hasBeenReady ? delayMs(slot) : undefined;
      return ms === undefined ? giveUp : { kind: "restart", spec: slot.wanted, delayMs: ms };
    },
    next: ({ wanted }) => ({ kind: "restart", spec: wanted, delayMs: 0 }),
    returnMs: () => undefined,
    forget: () => {},
  };
}
