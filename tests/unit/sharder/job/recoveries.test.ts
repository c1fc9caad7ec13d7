import { expect, it } from "vitest";
import type { FaultDetail } from "../../../../src/sharder/events.js";
import { FaultReports } from "../../../../src/sharder/fault-reports.js";
import { Recoveries } from "../../../../src/sharder/job/recoveries.js";

it("a fault is recovered from once those of its items are done that were not when it was noticed", () => {
  const emitted: FaultDetail[] = [];
  const faults = new FaultReports((_, detail) => emitted.push(detail as FaultDetail));
  const recoveries = new Recoveries(faults);
  const range = { firstItem: 10, itemCount: 10 };
  const overdue = { cause: "overdue", workerId: "wasm-1", code: "worker-timeout", message: "late" } as const;
  const faultIds = [3, 0].map((openCount) => {
    const faultId = faults.report({ ...overdue, items: [range], action: "retried" });
    recoveries.await(faultId, range, openCount);
    return faultId;
  });
  const recovered = (): number[] =>
    emitted.flatMap(({ faultId, recoverMs }) => (recoverMs === undefined ? [] : faultId));
  expect(recovered()).toEqual([faultIds[1]]);
  recoveries.done({ firstItem: 18, itemCount: 4 });
  expect(recovered()).toEqual([faultIds[1]]);
  recoveries.done({ firstItem: 17, itemCount: 1 });
  expect(recovered()).toEqual([faultIds[1], faultIds[0]]);
});
