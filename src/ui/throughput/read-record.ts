import type { Sharder } from "../../index.js";
import { outgoingOf } from "../numbers/outgoing.js";
import type { RunRecord } from "../record/run-record.js";
import { ThroughputSeries } from "./throughput-series.js";

/** As many attempts are read at a time at most: a few ms of work. */
const MAX_ATTEMPTS = 5_000;

/** The throughput of a recorded sharder, which is read step by step. */
export class RecordedThroughput {
  /** Its times begin with the record. */
  readonly series = new ThroughputSeries();
  readonly #sharder: Sharder;
  readonly #record: RunRecord;
  #next = 0;

  constructor(sharder: Sharder, record: RunRecord) {
    this.#sharder = sharder;
    this.#record = record;
  }

  /** Read what is new. @returns whether anything was. */
  read(): boolean {
    const { attempts, startMs, latestRun } = this.#record;
    if (latestRun !== undefined) this.series.countFrom(latestRun.startMs - startMs);
    const first = Math.max(this.#next, attempts.first);
    const end = Math.min(attempts.total, first + MAX_ATTEMPTS);
    const { plan } = this.#sharder;
    for (let index = first; index < end; index++) {
      const attempt = attempts.at(index);
      const outgoing = attempt && outgoingOf(() => plan, attempt);
      if (attempt === undefined || outgoing === undefined) continue;
      const { workerId, endMs, beginMs } = attempt;
      this.series.add({ workerId, endMs: endMs - startMs, serviceMs: endMs - beginMs, ...outgoing });
    }
    this.#next = end;
    return end > first;
  }
}
