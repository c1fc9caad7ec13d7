import { releaseProxy, wrap, type Remote } from "comlink";
import { ShardError } from "../core/errors.js";
import type { StagePlan, StageProblem } from "../core/stages/stage-problem.js";
import { fromErrorRecord, messageOf, type Reply } from "../protocol/error-record.js";
import type { PlannerApi } from "../protocol/planner-api.js";
import { CallTable } from "./call-table.js";

/** Far more than the largest problem takes. */
const PLAN_DEADLINE_MS = 60_000;

/** Plans stages in a worker of its own, which is started with the first question. */
export class StagePlanner {
  #worker: Worker | undefined;
  #api: Remote<PlannerApi> | undefined;
  #calls: CallTable | undefined;
  #isClosed = false;

  /**
   * Asked again where the planner is lost once.
   * @throws ShardError "model-unsupported" where no plan is possible, "backend-unavailable", "worker-lost", "worker-timeout", "disposed"
   */
  async plan(problem: StageProblem): Promise<StagePlan> {
    try {
      return await this.#ask(problem);
    } catch (thrown) {
      if (!(thrown instanceof ShardError) || thrown.code !== "worker-lost") throw thrown;
      return this.#ask(problem);
    }
  }

  async #ask(problem: StageProblem): Promise<StagePlan> {
    if (this.#isClosed) throw new ShardError("disposed", "Expected a live sharder, received one after dispose().");
    const { api, calls } = this.#start();
    const reply = await calls.race<Reply<StagePlan>>("plan the stages", PLAN_DEADLINE_MS, async () =>
      api.plan(problem),
    );
    if (!reply.ok) throw fromErrorRecord(reply.error);
    return reply.value;
  }

  close(): void {
    this.#isClosed = true;
    this.#end(new ShardError("disposed", "The planner was ended with its sharder."));
  }

  #start(): { api: Remote<PlannerApi>; calls: CallTable } {
    if (this.#api !== undefined && this.#calls !== undefined) return { api: this.#api, calls: this.#calls };
    const worker = spawnPlanner();
    const api = wrap<PlannerApi>(worker);
    const calls = new CallTable("planner", (error) => this.#end(error));
    const lose = (event: Event): void => {
      event.preventDefault();
      this.#end(
        new ShardError("worker-lost", "Expected the planner's worker to keep running, it was lost: try again."),
      );
    };
    worker.addEventListener("error", lose);
    worker.addEventListener("messageerror", lose);
    [this.#worker, this.#api, this.#calls] = [worker, api, calls];
    return { api, calls };
  }

  /** The next question starts another. */
  #end(error: ShardError): void {
    this.#worker?.terminate();
    this.#api?.[releaseProxy]();
    this.#calls?.rejectAll(error);
    this.#worker = this.#api = this.#calls = undefined;
  }
}

/** @throws ShardError "backend-unavailable" where the browser refuses to start the script (another origin, CSP). */
function spawnPlanner(): Worker {
  try {
    return new Worker(new URL("../../workers/planner.ts", import.meta.url), { type: "module", name: "planner" });
  } catch (cause) {
    throw new ShardError(
      "backend-unavailable",
      `Expected the browser to start the planner's script, received a refusal (${messageOf(cause)}): serve the scripts from the page's own origin.`,
      { cause },
    );
  }
}
