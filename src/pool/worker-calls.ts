import { transfer } from "comlink";
import { deathCauseOf, type DeathCause } from "../core/death-cause.js";
import type { ShardError } from "../core/errors.js";
import { fromErrorRecord, type Reply } from "../protocol/error-record.js";
import { CallTable, type CallWatch } from "./call-table.js";
import type { WorkerLink } from "./worker-link.js";

/** What the owner of a link has to say about it. */
export interface CallsOptions {
  /** What people call the far end, in the middle of a sentence: `worker "wasm-1"`. */
  readonly name: string;
  /** For a worker that runs models: put into its errors. */
  readonly workerId?: string;
  /** Makes the error that calls reject with once the far end has ended by itself. @param reason in words for people. */
  readonly lostTo: (reason: string) => ShardError;
  /** Called when the far end has ended or missed a deadline: every call has rejected with this error. Not called after `end`. */
  readonly onEnd: (error: ShardError, cause: DeathCause) => void;
}

/** The calls over one link. Each one settles: with the far end's value, its error, or the error that ended the far end. */
export class WorkerCalls<Api> {
  readonly #link: WorkerLink<Api>;
  readonly #workerId: string | undefined;
  readonly #table: CallTable;
  #api: Api;
  #isOver = false;

  constructor(link: WorkerLink<Api>, { name, workerId, lostTo, onEnd }: CallsOptions) {
    this.#link = link;
    this.#api = link.api;
    this.#workerId = workerId;
    const lose = (error: ShardError, cause: DeathCause): void => {
      if (this.#isOver) return;
      this.end(error);
      onEnd(error, cause);
    };
    this.#table = new CallTable(name, workerId, (error) => lose(error, deathCauseOf(error.code)));
    link.onEnd((reason, cause) => lose(lostTo(reason), cause));
  }

  /**
   * @param what the worker has to do, for the error if it misses the deadline.
   * @param deadlineMs, @param priority, @param watch as in `CallTable.race`.
   * @throws ShardError the far end's own error, or the one that ended it.
   */
  async call<T>(
    what: string,
    deadlineMs: number | (() => number),
    ask: (api: Api) => Promise<Reply<T>>,
    priority?: number,
    watch?: CallWatch,
  ): Promise<T> {
    const answer = async (): Promise<T> => {
      const reply = await ask(this.#api);
      if (reply.ok) return reply.value;
      throw fromErrorRecord(reply.error, this.#workerId);
    };
    return this.#table.race(what, deadlineMs, answer, priority, watch);
  }

  /** Make all further calls through `wrap(api)`, where `api` is what they went through until now. */
  intercept(wrap: (api: Api) => Api): void {
    this.#api = wrap(this.#api);
  }

  /** Whether the far end has said anything yet, as far as the link knows. */
  get hasAnswered(): boolean {
    return this.#link.hasAnswered?.() ?? true;
  }

  /** Resolves once no call is under way. Never rejects. */
  whenIdle(): Promise<void> {
    return this.#table.whenEmpty();
  }

  /** Close the link; all calls, present and future, reject with `error`. */
  end(error: ShardError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#link.close();
    this.#table.rejectAll(error);
  }
}

/** Mark a call's argument so that `buffers` are transferred to the far end instead of copied. */
export function handOver<T>(argument: T, buffers: ArrayBuffer[]): T {
  return transfer(argument, buffers);
}
