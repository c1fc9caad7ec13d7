import { ShardError } from "../core/errors.js";
import type { StagePlan, StageProblem } from "../core/stages/stage-problem.js";
import type { PlannerApi } from "../protocol/planner-api.js";
import { WorkerCalls } from "./worker-calls.js";
import type { WorkerLink } from "./worker-link.js";

/** Far longer than the largest problem takes. */
const PLAN_DEADLINE_MS = 60_000;
/** Until its script is there, which is small. A planner that was terminated before that gives no other sign. */
const SCRIPT_DEADLINE_MS = 5_000;

/** Plans stages in its own worker, which starts with the first request. */
export class StagePlanner {
  readonly #open: () => WorkerLink<PlannerApi>;
  #calls: WorkerCalls<PlannerApi> | undefined;
  #isClosed = false;

  constructor(open: () => WorkerLink<PlannerApi>) {
    this.#open = open;
  }

  /**
   * If the planner's worker is lost or does not answer, the request is retried once on another one.
   * @throws ShardError "model-unsupported" where no plan is possible, "backend-unavailable", "worker-lost", "worker-timeout", "disposed"
   */
  async plan(problem: StageProblem): Promise<StagePlan> {
    try {
      return await this.#ask(problem, SCRIPT_DEADLINE_MS);
    } catch (thrown) {
      if (!(thrown instanceof ShardError) || !thrown.code.startsWith("worker-")) throw thrown;
      // The connection may only be slow.
      return this.#ask(problem, PLAN_DEADLINE_MS);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#calls?.end(new ShardError("disposed", "The planner ended because its sharder was disposed of."));
  }

  async #ask(problem: StageProblem, scriptDeadlineMs: number): Promise<StagePlan> {
    if (this.#isClosed) throw new ShardError("disposed", "Expected a live sharder, received one after dispose().");
    this.#calls ??= this.#start();
    const calls = this.#calls;
    const deadlineMs = (): number => (calls.hasAnswered ? PLAN_DEADLINE_MS : scriptDeadlineMs);
    return calls.call("plan the stages", deadlineMs, (api) => api.plan(problem));
  }

  #start(): WorkerCalls<PlannerApi> {
    return new WorkerCalls(this.#open(), {
      name: "the worker that plans stages",
      lostTo: (reason) =>
        new ShardError(
          "worker-lost",
          `Expected the worker that plans stages to keep running, but it was lost (${reason}): try again.`,
        ),
      // The next request starts another worker.
      onEnd: () => (this.#calls = undefined),
    });
  }
}
