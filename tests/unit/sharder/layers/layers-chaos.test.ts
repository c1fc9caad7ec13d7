import { expect, it } from "vitest";
import { expectLayersOutcomes, runLayersCase } from "../../../chaos/layers-chaos.js";

// `npm run test:long` runs hundreds more.
it("settles every job and loses nothing", { timeout: 60_000 }, async () => {
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= 30; seed++) {
    const { outcomes, isLimited } = await runLayersCase(seed);
    for (const outcome of outcomes) seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    expectLayersOutcomes(seed, outcomes, isLimited);
  }
  for (const outcome of ["done", "aborted", "no-workers"]) expect(seen.get(outcome)).toBeGreaterThan(5);
});
