import type { ItemRange } from "../core/dispatch/types.js";
import type { ShardError } from "../core/errors.js";
import type { PoolWorker } from "../pool/pool-worker.js";
import { isPlainer } from "../pool/fallback-specs.js";
import { labelOf, type BackendName } from "../pool/worker-entries.js";
import type { Absence } from "../pool/pool-types.js";
import type { WorkerSlot } from "../pool/worker-slot.js";
import { asSentence } from "../protocol/error-record.js";
import type { FaultCause } from "./events.js";
import type { FaultReports } from "./fault-reports.js";
import { causeOf, causeOfEnd } from "./job/fault-cause.js";

/** Reports workers that were lost, and their return. */
export class WorkerLosses {
  readonly #faults: FaultReports;
  /** By worker: the faults since it was last ready. */
  readonly #open = new Map<string, { readonly faultId: number; readonly backend: BackendName }[]>();

  constructor(faults: FaultReports) {
    this.#faults = faults;
  }

  /** A worker was lost and will return. @param items what it was on. */
  lost(slot: WorkerSlot, { error, returnsAs }: Absence & { readonly kind: "lost" }, items: readonly ItemRange[]): void {
    // Whoever has proven it wrong has reported that.
    if (causeOfDeath(slot, error) === "wrong-output") return;
    const { id, worker } = slot;
    const { code } = error;
    // It died as what it was before.
    const before = worker === undefined ? slot.spec : worker.spec;
    const fellBack = isPlainer(returnsAs.backend, before.backend);
    const message = fellBack ? `${asSentence(error.message)} It continues on ${labelOf(returnsAs)}.` : error.message;
    const action = fellBack ? "fell-back" : "restarted";
    const faultId = this.#faults.report({
      cause: causeOfDeath(slot, error),
      workerId: id,
      code,
      message,
      items,
      action,
    });
    this.#open.set(id, [...(this.#open.get(id) ?? []), { faultId, backend: before.backend }]);
  }

  /** It ended for good. @param error `undefined` if it was stopped on purpose. */
  gone(slot: WorkerSlot, error: ShardError | undefined, items: readonly ItemRange[]): void {
    const { id, isLeaving } = slot;
    for (const { faultId } of this.#open.get(id) ?? []) this.#faults.forget(faultId);
    this.#open.delete(id);
    const cause = error && causeOfDeath(slot, error);
    // Whoever has proven it wrong has reported that; one that was removed while it was away is no fault.
    if (error === undefined || cause === undefined || cause === "wrong-output" || isLeaving) return;
    const { code, message } = error;
    this.#faults.report({ cause, workerId: id, code, message, items, action: "gave-up" });
  }

  /** It is ready again. */
  recovered({ id, spec }: PoolWorker): void {
    for (const { faultId, backend } of this.#open.get(id) ?? []) {
      // Another backend may have been chosen than the one that was planned.
      this.#faults.recovered(faultId, { action: isPlainer(spec.backend, backend) ? "fell-back" : "restarted" });
    }
    this.#open.delete(id);
  }
}

function causeOfDeath({ worker }: WorkerSlot, error: ShardError): FaultCause {
  return worker?.deathCause === undefined ? causeOf(error) : causeOfEnd(worker.deathCause);
}
