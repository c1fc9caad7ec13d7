// Damaged .h5, .keras and zip files by the thousand.
import { expect, it } from "vitest";
import { openDamaged } from "../fixtures/open-damaged.js";
import { containerCases } from "../fuzz/container-cases.js";

const cases = containerCases(250);

it(`${cases.length} damaged files each end in a ShardError, or can be read`, { timeout: 300_000 }, async () => {
  const bytesBefore = process.memoryUsage().rss;
  const failures: string[] = [];
  for (const each of cases) failures.push(...[await openDamaged(each)].filter((failure) => failure !== undefined));
  expect(failures).toEqual([]);
  expect(process.memoryUsage().rss).toBeLessThan(bytesBefore + 2 ** 30);
});
