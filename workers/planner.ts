import { expose } from "comlink";
import { planStages } from "../src/core/stages/plan-stages.js";
import { toErrorRecord } from "../src/protocol/error-record.js";
import type { PlannerApi } from "../src/protocol/planner-api.js";

const api: PlannerApi = {
  plan: async (problem) => {
    try {
      return { ok: true, value: planStages(problem) };
    } catch (thrown) {
      return { ok: false, error: toErrorRecord(thrown, "internal") };
    }
  },
};
expose(api);
