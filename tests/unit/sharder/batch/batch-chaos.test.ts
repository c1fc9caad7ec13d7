import { expect, it } from "vitest";
import { BATCH_OUTCOMES, runBatchCase } from "../../../chaos/batch-chaos.js";

// `npm run test:long` runs hundreds more.
it("settles every job and loses nothing", { timeout: 60_000 }, async () => {
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= 20; seed++) {
    for (const outcome of await runBatchCase(seed)) {
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      expect({ seed, outcome }).toEqual({ seed, outcome: expect.toBeOneOf(BATCH_OUTCOMES) });
    }
  }
  for (const outcome of ["done", "aborted", "no-workers"]) expect(seen.get(outcome)).toBeGreaterThan(2);
});
