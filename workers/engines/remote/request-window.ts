import { answered, createInFlight, refused, waitMs, type InFlight } from "../../../src/core/in-flight/in-flight.js";
import { abortError } from "../../../src/protocol/abort.js";

/** A request that may be sent. */
export interface Pass {
  /** When it was let through, ms on the worker's clock. */
  readonly sentAtMs: number;
  /** Call one of these once. */
  answered(itemCount: number): void;
  refused(retryAfterMs: number | undefined): void;
  /** It failed, or nobody wants it: that says nothing about how many the server takes. */
  dropped(): void;
}

interface Waiting {
  readonly signal: AbortSignal;
  readonly enter: (pass: Pass) => void;
}

/** Lets as many requests through at once as the server has shown to be worth it, in the order in which they come. */
export class RequestWindow {
  #state: InFlight;
  #underWayCount = 0;
  readonly #waiting: Waiting[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param most requests at once, whole, ≥ 1. */
  constructor(most: number) {
    this.#state = createInFlight(most, performance.now());
  }

  /** Refusals in a row. */
  get refusalCount(): number {
    return this.#state.refusalCount;
  }

  /** How many requests are worth sending at once. */
  get limit(): number {
    return this.#state.limit;
  }

  /** @throws ShardError "aborted" */
  enter(signal: AbortSignal): Promise<Pass> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortError(signal));
      const onAbort = (): void => {
        const index = this.#waiting.indexOf(waiting);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(abortError(signal));
      };
      const waiting: Waiting = {
        signal,
        enter: (pass) => {
          signal.removeEventListener("abort", onAbort);
          resolve(pass);
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiting);
      this.#letIn();
    });
  }

  #letIn(): void {
    clearTimeout(this.#timer);
    while (this.#waiting.length > 0) {
      const ms = waitMs(this.#state, this.#underWayCount, performance.now());
      if (ms > 0) {
        if (ms < Infinity) this.#timer = setTimeout(() => this.#letIn(), Math.ceil(ms));
        return;
      }
      this.#underWayCount++;
      this.#waiting.shift()!.enter(this.#pass());
    }
  }

  #pass(): Pass {
    const sentAtMs = performance.now();
    const end = (change: (state: InFlight, nowMs: number, wasFull: boolean) => InFlight): void => {
      const wasFull = this.#underWayCount >= this.#state.limit;
      this.#underWayCount--;
      this.#state = change(this.#state, performance.now(), wasFull);
      this.#letIn();
    };
    return {
      sentAtMs,
      answered: (itemCount) =>
        end((state, nowMs, wasFull) => answered(state, { itemCount, latencyMs: nowMs - sentAtMs, wasFull }, nowMs)),
      refused: (retryAfterMs) => end((state, nowMs) => refused(state, { sentAtMs, retryAfterMs }, nowMs)),
      dropped: () => end((state) => state),
    };
  }
}
