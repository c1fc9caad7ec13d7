// Long work on the page's thread: the page gets its turns.
import { describe, expect, it } from "vitest";
import { inspectInSteps } from "../../../src/model/inspect.js";
import { inspectModel } from "../../../src/model/inspect-model.js";
import { inSlices } from "../../../src/sharder/in-slices.js";
import { rejected } from "../../fixtures/caught.js";
import { longGraph } from "../../fixtures/long-graph.js";

const busyMs = (ms: number): void => {
  for (const startMs = performance.now(); performance.now() - startMs < ms;);
};

describe("inSlices", () => {
  it("gives the page a turn between steps, and returns the result", async () => {
    const log: string[] = [];
    let isDone = false;
    const page = (async () => {
      for (let turn = 0; !isDone; turn++) {
        await new Promise((resolve) => setTimeout(resolve));
        log.push("page");
      }
    })();
    function* work() {
      for (let step = 0; step < 5; step++) {
        busyMs(15);
        log.push("step");
        yield;
      }
      return "result";
    }
    expect(await inSlices(work(), undefined)).toBe("result");
    isDone = true;
    await page;
    expect(log.slice(log.indexOf("step"), log.lastIndexOf("step"))).toContain("page");
  });

  it("stops when it is aborted, and throws what the work throws", async () => {
    const controller = new AbortController();
    let stepCount = 0;
    function* endless() {
      for (;;) {
        busyMs(11);
        if (++stepCount === 3) controller.abort();
        yield;
      }
    }
    await rejected("aborted", inSlices(endless(), controller.signal));
    expect(stepCount).toBe(3);
    function* broken() {
      yield;
      throw new TypeError("broken");
    }
    await expect(inSlices(broken(), undefined)).rejects.toThrow("broken");
  });
});

it("a large graph is read in many steps, with the result of reading it at once", () => {
  const artifacts = longGraph(2_000);
  const steps = inspectInSteps(artifacts, false, true, {});
  let stepCount = 1;
  let next = steps.next();
  for (; next.done !== true; next = steps.next()) stepCount++;
  expect(stepCount).toBeGreaterThan(30);
  expect(next.value.info).toEqual(inspectModel(artifacts, false, true).info);
});
