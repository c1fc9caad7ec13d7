import { expect } from "vitest";

/** How long each kind of long test may run, ms: `SHARDER_LONG_SECONDS`, by default 20 s. */
export const timeBoxMs = 1000 * Number(process.env["SHARDER_LONG_SECONDS"] ?? 20);
/** The first seed; another gives other cases. */
export const firstSeed = Number(process.env["SHARDER_LONG_SEED"] ?? 1_000);

/**
 * Run a case for one seed after another until the time is up.
 * @param what for the report. @param leastCount how many cases there is time for, at least.
 */
export async function forSeeds(
  what: string,
  runCase: (seed: number) => Promise<void> | void,
  leastCount = 5,
): Promise<void> {
  const endMs = performance.now() + timeBoxMs;
  let count = 0;
  while (performance.now() < endMs) {
    await runCase(firstSeed + count);
    count++;
  }
  console.log(`${what}: ${count} cases from seed ${firstSeed} on`);
  expect(count).toBeGreaterThanOrEqual(leastCount);
}
