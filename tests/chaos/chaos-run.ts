import { ShardError } from "../../src/core/errors.js";
import type { Sharder } from "../../src/sharder/sharder.js";
import { turns } from "../fixtures/negating-sharder.js";

const STEP_COUNT = 14;
/** Whatever has not settled by then never will. */
const SETTLE_LIMIT_MS = 45_000;

interface ChaosParts {
  readonly seed: number;
  readonly sharder: Sharder;
  /** A random whole number below `count`. */
  readonly upTo: (count: number) => number;
  /** What a job does: "done" if all that it received was right. */
  readonly work: (signal: AbortSignal) => Promise<string>;
}

/** A sharder to which things happen at random: what both splits have in common. */
export class ChaosRun {
  readonly #parts: ChaosParts;
  readonly #steps: string[] = [];
  readonly #jobs: Promise<string>[] = [];
  readonly #calls: Promise<unknown>[] = [];
  readonly #controllers: AbortController[] = [];

  constructor(parts: ChaosParts) {
    this.#parts = parts;
  }

  readonly startJob = (): void => {
    const controller = new AbortController();
    this.#controllers.push(controller);
    this.#jobs.push(
      this.#parts.work(controller.signal).catch((error: unknown) => {
        // A result that is wrong ends the test.
        if (error instanceof ShardError) return error.code;
        throw error;
      }),
    );
  };

  readonly abort = (): void => this.#controllers[this.#parts.upTo(this.#controllers.length)]?.abort();

  readonly pause = (): void => {
    const { sharder, upTo } = this.#parts;
    sharder.pause();
    this.#calls.push(turns(upTo(60)).then(() => sharder.resume()));
  };

  /** A call that may fail, but has to settle. */
  call(settling: Promise<unknown>): void {
    this.#calls.push(settling.catch(() => {}));
  }

  /** Start a job, and take actions at random moments. @returns how each job ended, once all of them and all calls have. */
  async act(actions: Readonly<Record<string, () => void>>): Promise<string[]> {
    const { upTo } = this.#parts;
    const names = Object.keys(actions);
    this.startJob();
    for (let step = 0; step < STEP_COUNT; step++) {
      const name = names[upTo(names.length)]!;
      this.#steps.push(name);
      actions[name]!();
      await turns(upTo(40));
    }
    const outcomes = await this.#settled("jobs", Promise.all(this.#jobs));
    await this.#settled("calls", Promise.all(this.#calls));
    return outcomes;
  }

  async #settled<T>(what: string, all: Promise<T>): Promise<T> {
    const { seed, sharder } = this.#parts;
    const late = new Promise<never>((_, reject) =>
      setTimeout(() => {
        const states = sharder.workers.map(({ id, state }) => `${id} ${state}`).join(", ");
        const plan = JSON.stringify(sharder.plan);
        reject(new Error(`seed ${seed}: ${what} not settled after ${this.#steps.join(" ")}; ${states}; ${plan}`));
      }, SETTLE_LIMIT_MS),
    );
    return Promise.race([all, late]);
  }
}
