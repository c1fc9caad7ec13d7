import type { StagePlan, StageProblem } from "../core/stages/stage-problem.js";
import type { Reply } from "./error-record.js";
import type { LinkedApi } from "./link.js";

/** What the planner's worker offers through Comlink. Planning takes up to a second, too long for the page's own thread. */
export interface PlannerApi extends LinkedApi {
  plan(problem: StageProblem): Promise<Reply<StagePlan>>;
}
