// Creating a sharder that measures layers first, on workers that never answer.
import { afterEach, expect, it, vi } from "vitest";
import { inspectModel } from "../../../src/model/inspect-model.js";
import { assembleSharder } from "../../../src/sharder/assemble-sharder.js";
import { addingModel } from "../../fixtures/adding-sharder.js";
import { rejected } from "../../fixtures/caught.js";
import { turns } from "../../fixtures/negating-sharder.js";
import { scriptStages } from "../../fixtures/staged-workers.js";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Workers of two kinds, since layers are only measured then; here measuring never ends. */
async function create(signal?: AbortSignal) {
  const asked: string[] = [];
  const { workers, planners, ...links } = scriptStages({
    before: (call, { name }) => {
      if (call.kind !== "trace") return;
      asked.push(name);
      return new Promise(() => {});
    },
  });
  const model = addingModel(4);
  const specs = [{ backend: "wasm" }, { backend: "cpu" }] as const;
  const sharder = assembleSharder(inspectModel(model, true), { model, signal }, specs, links);
  sharder.catch(() => {});
  while (asked.length < 2) await turns(1);
  return { sharder, workers, planners };
}

it("rejects as soon as it is aborted, and leaves no worker behind", async () => {
  const controller = new AbortController();
  const { sharder, workers, planners } = await create(controller.signal);
  controller.abort();
  await rejected("aborted", sharder);
  expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, true]);
  expect(planners.filter(({ isTerminated }) => !isTerminated)).toEqual([]);
});

it("splits by batch if the time for measuring ends in the middle of a layer", async () => {
  const budget = new AbortController();
  vi.spyOn(AbortSignal, "timeout").mockReturnValue(budget.signal);
  const { sharder } = await create();
  budget.abort();
  const made = await sharder;
  expect(made.plan.split).toBe("batch");
  await made.dispose();
});
