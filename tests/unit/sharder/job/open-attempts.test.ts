import { describe, expect, it } from "vitest";
import type { ItemRange } from "../../../../src/core/dispatch/types.js";
import { OpenAttempts, type OpenAttempt } from "../../../../src/sharder/job/open-attempts.js";

interface StageAttempt extends OpenAttempt, ItemRange {
  readonly stage: number;
}

function attempt(workerId: string, firstItem: number, itemCount: number, stage = 0): StageAttempt {
  return { workerId, predictedMs: undefined, firstItem, itemCount, stage };
}

function attempts(): OpenAttempts<StageAttempt> {
  return new OpenAttempts(7, ({ firstItem, itemCount, stage }) => ({ firstItem, itemCount, stage }));
}

describe("the open attempts of a job", () => {
  it("end once", () => {
    const open = attempts();
    open.open(1, attempt("wasm-1", 0, 4));
    expect(open.close(1, "completed", 5)).toMatchObject({ jobId: 7, attemptId: 1, kind: "first", serviceMs: 5 });
    expect(open.close(1, "failed")).toBeUndefined();
    expect(open.isOpen(1)).toBe(false);
  });

  it("are backups beside others of the same items in the same stage", () => {
    const open = attempts();
    open.open(1, attempt("wasm-1", 0, 4));
    open.open(2, attempt("wasm-2", 3, 2));
    open.open(3, attempt("wasm-2", 3, 2, 1));
    open.open(4, attempt("wasm-2", 4, 2, 2));
    expect([2, 3, 4].map((id) => open.close(id, "cancelled")?.kind)).toEqual(["backup", "first", "first"]);
  });

  it("are retries after a failure, up to the stage that failed, until the items are done", () => {
    const open = attempts();
    open.open(1, attempt("wasm-1", 0, 4, 1));
    open.close(1, "lost");
    const kindOf = (id: number, stage: number): string | undefined => {
      open.open(id, attempt("wasm-2", 2, 2, stage));
      return open.close(id, "cancelled")?.kind;
    };
    expect([kindOf(2, 0), kindOf(3, 1), kindOf(4, 2)]).toEqual(["retry", "retry", "first"]);
    open.finished({ firstItem: 0, itemCount: 4 });
    expect(kindOf(5, 0)).toBe("first");
    open.revoked({ firstItem: 0, itemCount: 4 });
    expect(kindOf(6, 9)).toBe("retry");
  });

  it("are known by their worker, in the order of sending", () => {
    const open = attempts();
    open.open(3, attempt("wasm-1", 4, 1));
    open.open(1, attempt("wasm-2", 0, 2));
    open.open(2, attempt("wasm-1", 2, 2));
    expect(open.underWayOn("wasm-1").map(({ attemptId }) => attemptId)).toEqual([3, 2]);
    expect([open.isAnyOn("wasm-2"), open.isAnyOn("wasm-3")]).toEqual([true, false]);
    open.clear();
    expect([...open]).toEqual([]);
  });

  it("may be closed while they are gone through", () => {
    const open = attempts();
    for (const id of [1, 2, 3]) open.open(id, attempt("wasm-1", id, 1));
    const seen: number[] = [];
    for (const [id] of open) {
      seen.push(id);
      open.close(id, "lost");
      open.close(2, "cancelled");
    }
    expect(seen).toEqual([1, 3]);
  });
});
