// Damaged .tflite files by the hundred.
import { expect, it } from "vitest";
import { openDamagedTflite } from "../fixtures/open-damaged-tflite.js";
import { tfliteCases } from "../fuzz/tflite-cases.js";

const cases = tfliteCases(2_000);

it(`${cases.length} damaged files each end in a ShardError within seconds, or can be read`, async () => {
  const bytesBefore = process.memoryUsage().rss;
  const failures: string[] = [];
  for (const each of cases)
    failures.push(...[await openDamagedTflite(each)].filter((failure) => failure !== undefined));
  expect(failures).toEqual([]);
  expect(process.memoryUsage().rss).toBeLessThan(bytesBefore + 2 ** 29);
});
