import type { Sharder } from "inference-sharder";
import type { AttemptDetail, FaultDetail } from "../../../src/sharder/events.js";
import { PendingCalls } from "./pending-calls.js";

/** The shards of which it is remembered who has computed them. */
const KEPT_SHARDS = 400;
/** The events before a failure that are worth reading. */
const KEPT_LINES = 60;

/** What happened to a sharder lately, and how long it took to recover from each fault. */
export class ChaosLog {
  readonly recoverMs: number[] = [];
  /** Descriptions of what went wrong with the sharder itself. */
  readonly problems: string[] = [];
  readonly calls = new PendingCalls();
  readonly #lines: string[] = [];
  readonly #shards: (AttemptDetail & { readonly atMs: number })[] = [];
  readonly #startMs = performance.now();

  watch(sharder: Sharder): void {
    sharder.addEventListener("fault", ({ detail }) => this.#onFault(detail));
    sharder.addEventListener("worker", ({ detail }) => {
      if (detail.state !== "busy" && detail.state !== "ready") this.add(`${detail.workerId} is ${detail.state}`);
    });
    sharder.addEventListener("attempt", ({ detail }) => {
      const { jobId, attemptId, workerId, outcome, firstItem, itemCount } = detail;
      this.#shards.push({ ...detail, atMs: this.#elapsedMs() });
      if (this.#shards.length > KEPT_SHARDS) this.#shards.shift();
      if (outcome !== "completed" && outcome !== "cancelled")
        this.add(`job ${jobId} attempt ${attemptId} on ${workerId} (${firstItem}+${itemCount}) ${outcome}`);
    });
  }

  add(line: string): void {
    this.#lines.push(`${this.#elapsedMs()} ms: ${line}`);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  }

  /** Who has computed an item, as a job counts it, lately. */
  addHistory(item: number): void {
    const found = this.#shards.filter(({ firstItem, itemCount }) => item >= firstItem && item < firstItem + itemCount);
    const texts = found.map(
      ({ jobId, attemptId, workerId, firstItem, itemCount, outcome, atMs }) =>
        `job ${jobId} attempt ${attemptId} ${workerId} ${firstItem}+${itemCount} ${outcome} at ${atMs}`,
    );
    this.add(`item ${item}: ${texts.slice(-12).join("; ")}`);
  }

  #elapsedMs(): number {
    return Math.round(performance.now() - this.#startMs);
  }

  /** Keep a failure with all that explains it. */
  fail(what: string, sharder: Sharder | undefined): void {
    this.add(`FAILED: ${what}`);
    const states = sharder?.workers.map(
      ({ id, backend, state, restarts, lastError }) =>
        `${id} (${backend}) ${state}, ${restarts} restarts${lastError === undefined ? "" : `, last error: ${lastError.code} ${lastError.message}`}`,
    );
    this.problems.push(
      [
        what,
        ...(states ?? ["no sharder"]),
        `plan: ${JSON.stringify(sharder?.plan)}`,
        `unanswered: ${this.calls.describe().join("; ")}`,
        ...this.#lines,
      ].join("\n    "),
    );
  }

  #onFault({ faultId, cause, workerId, code, items, action, recoverMs, message }: FaultDetail): void {
    if (recoverMs !== undefined) this.recoverMs.push(recoverMs);
    const ranges = items.map(({ firstItem, itemCount }) => `${firstItem}+${itemCount}`).join(" ");
    const end = recoverMs === undefined ? message.slice(0, 160) : `recovered after ${Math.round(recoverMs)} ms`;
    this.add(`fault ${faultId} ${cause}/${code} on ${workerId ?? "nobody"} [${ranges}] ${action}: ${end}`);
  }
}
