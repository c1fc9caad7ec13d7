import { expect, it } from "vitest";
import type { FaultDetail } from "../../../src/sharder/events.js";
import { FaultReports } from "../../../src/sharder/fault-reports.js";

const lost = { cause: "crashed", workerId: "wasm-1", code: "worker-lost", message: "It is gone." } as const;

it("reports a fault when it is noticed and once more, with the time, when it was recovered from", () => {
  const emitted: FaultDetail[] = [];
  const faults = new FaultReports((_, detail) => emitted.push(detail as FaultDetail));
  const items = [{ firstItem: 3, itemCount: 2 }];
  const faultId = faults.report({ ...lost, items, action: "restarted" }, performance.now() - 50);
  expect(emitted).toEqual([{ ...lost, items, action: "restarted", faultId, recoverMs: undefined }]);
  faults.recovered(faultId, { action: "fell-back" });
  faults.recovered(faultId);
  expect(emitted).toHaveLength(2);
  expect(emitted[1]).toMatchObject({ faultId, items, action: "fell-back" });
  expect(emitted[1]!.recoverMs).toBeGreaterThanOrEqual(50);
});

it("reports nothing more of a fault that was given up or forgotten", () => {
  const emitted: unknown[] = [];
  const faults = new FaultReports((_, detail) => emitted.push(detail));
  faults.recovered(faults.report({ ...lost, action: "gave-up" }));
  faults.recovered(faults.report({ ...lost, action: "excluded" }));
  const second = faults.report({ ...lost, action: "restarted" });
  faults.forget(second);
  faults.recovered(second);
  expect(emitted).toHaveLength(3);
});
