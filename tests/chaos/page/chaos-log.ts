import type { Sharder } from "inference-sharder";
import type { FaultDetail } from "../../../src/sharder/events.js";

/** The events before a failure that are worth reading. */
const KEPT_LINES = 60;

/** What happened to a sharder lately, and how long it took to recover from each fault. */
export class ChaosLog {
  readonly recoverMs: number[] = [];
  /** Descriptions of what went wrong with the sharder itself. */
  readonly problems: string[] = [];
  readonly #lines: string[] = [];
  readonly #startMs = performance.now();

  watch(sharder: Sharder): void {
    sharder.addEventListener("fault", ({ detail }) => this.#onFault(detail));
    sharder.addEventListener("worker", ({ detail }) => {
      if (detail.state !== "busy" && detail.state !== "ready") this.add(`${detail.workerId} is ${detail.state}`);
    });
    sharder.addEventListener("attempt", ({ detail }) => {
      const { jobId, attemptId, workerId, outcome, firstItem, itemCount } = detail;
      if (outcome !== "completed" && outcome !== "cancelled")
        this.add(`job ${jobId} attempt ${attemptId} on ${workerId} (${firstItem}+${itemCount}) ${outcome}`);
    });
  }

  add(line: string): void {
    this.#lines.push(`${Math.round(performance.now() - this.#startMs)} ms: ${line}`);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  }

  /** Keep a failure with all that explains it. */
  fail(what: string, sharder: Sharder | undefined): void {
    this.add(`FAILED: ${what}`);
    const states = sharder?.workers.map(
      ({ id, backend, state, restarts, lastError }) =>
        `${id} (${backend}) ${state}, ${restarts} restarts${lastError === undefined ? "" : `, last error: ${lastError.code} ${lastError.message}`}`,
    );
    this.problems.push(
      [what, ...(states ?? ["no sharder"]), `plan: ${JSON.stringify(sharder?.plan)}`, ...this.#lines].join("\n    "),
    );
  }

  #onFault({ faultId, cause, workerId, code, items, action, recoverMs, message }: FaultDetail): void {
    if (recoverMs !== undefined) this.recoverMs.push(recoverMs);
    const ranges = items.map(({ firstItem, itemCount }) => `${firstItem}+${itemCount}`).join(" ");
    const end = recoverMs === undefined ? message.slice(0, 160) : `recovered after ${Math.round(recoverMs)} ms`;
    this.add(`fault ${faultId} ${cause}/${code} on ${workerId ?? "nobody"} [${ranges}] ${action}: ${end}`);
  }
}
