import { transfer } from "comlink";
import type { ShardError } from "../core/errors.js";
import { fromErrorRecord, type Reply } from "../protocol/error-record.js";
import { CallTable } from "./call-table.js";
import type { WorkerLink } from "./worker-link.js";

/** What the owner of a link adds to it. */
export interface CallsOptions {
  /** What people know the far end by. */
  readonly name: string;
  /** Of a worker that runs models: its errors carry it. */
  readonly workerId?: string;
  /** What calls reject with once the far end has ended by itself. @param reason for people. */
  readonly lostTo: (reason: string) => ShardError;
  /** The far end has ended, or has let a deadline pass: every call has rejected with this error. Not called after `end`. */
  readonly onEnd: (error: ShardError) => void;
}

/** The calls over one link. Every one settles: with the far end's value, its error, or the error with which the far end ended. */
export class WorkerCalls<Api> {
  readonly #link: WorkerLink<Api>;
  readonly #workerId: string | undefined;
  readonly #table: CallTable;
  #isOver = false;

  constructor(link: WorkerLink<Api>, { name, workerId, lostTo, onEnd }: CallsOptions) {
    this.#link = link;
    this.#workerId = workerId;
    const lose = (error: ShardError): void => {
      if (this.#isOver) return;
      this.end(error);
      onEnd(error);
    };
    this.#table = new CallTable(name, workerId, lose);
    link.onEnd((reason) => lose(lostTo(reason)));
  }

  /**
   * @param what the worker is to do, for the error of a deadline that passed.
   * @param deadlineMs, @param priority as in `CallTable.race`.
   * @throws ShardError the far end's own, or what it ended with.
   */
  async call<T>(
    what: string,
    deadlineMs: number | (() => number),
    ask: (api: Api) => Promise<Reply<T>>,
    priority?: number,
  ): Promise<T> {
    const answer = async (): Promise<T> => {
      const reply = await ask(this.#link.api);
      if (reply.ok) return reply.value;
      throw fromErrorRecord(reply.error, this.#workerId);
    };
    return this.#table.race(what, deadlineMs, answer, priority);
  }

  /** Resolves once no call is under way. Never rejects. */
  whenIdle(): Promise<void> {
    return this.#table.whenEmpty();
  }

  /** Close the link; all calls, those to come too, reject with `error`. */
  end(error: ShardError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#link.close();
    this.#table.rejectAll(error);
  }
}

/** Mark a call's argument: `buffers` are handed over to the far end instead of copied. */
export function handOver<T>(argument: T, buffers: ArrayBuffer[]): T {
  return transfer(argument, buffers);
}
