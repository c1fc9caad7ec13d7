import { planStages } from "../src/core/stages/plan-stages.js";
import type { PlannerApi } from "../src/protocol/planner-api.js";
import { exposeApi } from "./runtime/expose.js";
import { reply } from "./runtime/reply.js";

exposeApi<PlannerApi>({ plan: (problem) => reply(() => planStages(problem)) });
