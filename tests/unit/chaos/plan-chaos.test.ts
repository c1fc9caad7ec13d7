import { expect, it } from "vitest";
import { canHit, countFaults, FAULT_KINDS } from "../../chaos/page/fault-kinds.js";
import { planChaos } from "../../chaos/page/plan-chaos.js";

it("plans as many faults as were asked for, at least 10 of each kind from 140 on, where a worker can have them", () => {
  for (const faultCount of [1, 13, 140, 300]) {
    for (let seed = 0; seed < 20; seed++) {
      const scenarios = planChaos(seed, faultCount);
      const counts = countFaults(scenarios.flatMap(({ faults }) => faults));
      expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(faultCount);
      if (faultCount >= 140) expect(Math.min(...Object.values(counts))).toBeGreaterThanOrEqual(10);
      for (const { backends, faults, verify } of scenarios) {
        for (const kind of faults) expect(backends.some((backend) => canHit(kind, backend))).toBe(true);
        expect(verify !== undefined).toBe(faults.includes("corrupt"));
      }
    }
  }
  expect(FAULT_KINDS).toHaveLength(14);
});

it("plans the same for the same seed, and something else for another", () => {
  expect(planChaos(7, 60)).toEqual(planChaos(7, 60));
  expect(planChaos(7, 60)).not.toEqual(planChaos(8, 60));
});

it.each(["litert", "onnx"])("plans for %s alone, with every kind of fault that its workers can have", (engine) => {
  const scenarios = planChaos(3, 45, [engine]);
  const counts = countFaults(scenarios.flatMap(({ faults }) => faults));
  expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(45);
  const missing = FAULT_KINDS.filter((kind) => counts[kind] === 0);
  // WebGL is TF.js's alone; some scenarios of LiteRT have a worker of it.
  expect(missing).toEqual(engine === "onnx" ? ["lose-context"] : []);
  for (const { backends } of scenarios) expect(backends.join()).toContain(`${engine}/`);
});
